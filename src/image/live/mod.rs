//! What only a running machine knows: listening sockets, programs, the running kernel, and the instance metadata
//! service.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::updates;

pub mod clock;
mod disks;
mod machine;
mod memory;
pub mod metadata;
mod power;
mod processes;
pub mod services;
pub mod sessions;
pub mod shells;
pub mod sockets;
mod table;

pub(in crate::image) use table::started;

/// Live facts, each found on first use.
#[derive(Debug, Default)]
pub struct Live {
    sockets: OnceLock<Result<Vec<sockets::Listener>, super::Error>>,
    metadata: OnceLock<metadata::Answer>,
    updates: OnceLock<Option<updates::Answer>>,
    may_ask_repositories: OnceLock<()>,
    /// Who this program acts for, where it is in nobody's session itself.
    principal: OnceLock<Vec<(i32, u64)>>,
}

impl Live {
    /// TCP and UDP sockets that listen, with the program behind each where it may be seen.
    ///
    /// # Errors
    /// When `/proc/net` cannot be read.
    pub fn sockets(&self) -> Result<&[sockets::Listener], super::Error> {
        self.sockets.get_or_init(sockets::listening).as_deref().map_err(Clone::clone)
    }

    /// File systems and disks of the machine that are encrypted, each in words.
    ///
    /// # Errors
    /// When the tables of the kernel cannot be read.
    pub fn encrypted(&self) -> Result<Vec<String>, super::Error> {
        disks::encrypted()
    }

    /// Whether what lies at `path` is kept in a tmpfs: gone when the machine stops, and in no image made from its disk.
    pub fn is_in_memory(&self, path: &Path) -> bool {
        memory::is_in_memory(path)
    }

    /// Whether what lies at `path` is kept on a disk that can be written to, and so may be in an image made from it.
    pub fn is_on_disk(&self, path: &Path) -> bool {
        memory::is_on_disk(path)
    }

    /// The files and devices that memory is swapped out to now; compressed memory is none.
    ///
    /// # Errors
    /// When `/proc/swaps` cannot be read.
    pub fn swaps(&self) -> Result<Vec<PathBuf>, super::Error> {
        memory::swaps()
    }

    /// Files that were removed while a program of theirs runs on: replaced by an update, or hidden on purpose.
    pub fn deleted_programs(&self) -> Vec<PathBuf> {
        processes::deleted()
    }

    /// Everybody who is logged in now, and by which door; this program's own session is marked. Only root sees all of it.
    ///
    /// # Errors
    /// When `/proc` cannot be read, or holds more processes than are looked at.
    pub fn sessions(&self) -> Result<Vec<sessions::Session>, super::Error> {
        sessions::sessions(self.principal())
    }

    /// The address and port of this machine that the SSH connection of `session` came to, where that can be told. Behind an
    /// address translation, as in a VPC, it is not the address that the other side knows.
    pub fn reached(&self, session: &sessions::Session) -> Option<std::net::SocketAddr> {
        sessions::reached(session.leader)
    }

    /// Processes at a terminal that write a history or state file when they end. Only root sees everybody's.
    ///
    /// # Errors
    /// When `/proc` cannot be read, or holds more processes than are looked at.
    pub fn shells(&self) -> Result<Vec<shells::Shell>, super::Error> {
        shells::shells(self.principal())
    }

    /// The units of systemd that the seal stops, in order; none where systemd is not there. `image` is this machine.
    ///
    /// # Errors
    /// When `/proc` cannot be read or systemd does not answer.
    pub fn services(&self, image: &super::Image) -> Result<Vec<services::Unit>, super::Error> {
        let own: Vec<_> = self.sessions()?.into_iter().filter(|session| session.is_own).collect();
        services::running(image, &own)
    }

    /// This process, those it comes from, and the leaders of its sessions: each with when it began. For a process that goes
    /// on in nobody's session: see [`Live::act_for`].
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn lineage(&self) -> Result<Vec<(i32, u64)>, super::Error> {
        let leaders = self.sessions()?.into_iter().filter(|session| session.is_own);
        let mut lineage = sessions::line()?;
        lineage.extend(leaders.map(|session| (session.leader, session.started)));
        Ok(lineage)
    }

    /// From now on the sessions and shells of `lineage` count as this program's own. Only the first call counts.
    pub fn act_for(&self, lineage: Vec<(i32, u64)>) {
        let _ = self.principal.set(lineage);
    }

    fn principal(&self) -> &[(i32, u64)] {
        self.principal.get().map_or(&[], Vec::as_slice)
    }

    /// Keeps `units` from being started until the machine is switched off.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn hold(&self, image: &super::Image, units: &[&str]) -> Result<(), super::Error> {
        services::mask(image, units)
    }

    /// Stops a unit and waits until it has.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&self, image: &super::Image, unit: &str) -> Result<(), super::Error> {
        services::stop(image, unit)
    }

    /// Undoes [`Live::hold`] for `held`, and starts `stopped` again, the last first; gives those that do not start.
    pub fn start_again(&self, image: &super::Image, held: &[&str], stopped: &[&str]) -> Vec<String> {
        services::start_again(image, held, stopped)
    }

    /// Ends a shell by SIGKILL, so that it writes nothing; one that has ended already is left alone.
    ///
    /// # Errors
    /// When it does not end.
    pub fn end(&self, shell: &shells::Shell) -> Result<(), super::Error> {
        power::end(&[(shell.pid, shell.started)])
    }

    /// Ends every session, this one too, by SIGKILL: shells, so that they write no history, and who holds a connection
    /// open, so that no logout is recorded.
    ///
    /// # Errors
    /// When one does not end.
    pub fn end_sessions(&self) -> Result<(), super::Error> {
        let shells = self.shells()?.into_iter().map(|shell| (shell.pid, shell.started));
        let leaders = self.sessions()?.into_iter().map(|session| (session.leader, session.started));
        power::end(&shells.chain(leaders).collect::<Vec<_>>())
    }

    /// Ends every process that is not needed to switch the machine off, by SIGKILL. This one and those it comes from stay.
    ///
    /// # Errors
    /// When one does not end.
    pub fn end_everybody(&self) -> Result<(), super::Error> {
        power::end_everybody()
    }

    /// Writes everything and makes the disks read-only at once, for good; whether they are.
    pub fn freeze(&self) -> bool {
        power::freeze()
    }

    /// Lets the tmpfs that `path` lies in hold up to half of the memory, until the machine is switched off, where twice
    /// `bytes` are not free in it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn make_room(&self, path: &Path, bytes: u64) -> Result<(), super::Error> {
        memory::make_room(path, bytes)
    }

    /// Switches the machine off without stopping units. `image` is this machine.
    ///
    /// # Errors
    /// When it is still on afterwards.
    pub fn power_off(&self, image: &super::Image) -> Result<(), super::Error> {
        power::off(image)
    }

    /// Asks the process `pid`, if it runs `program` (a name without a path), to read its configuration anew (SIGHUP);
    /// whether that was done.
    pub fn hang_up(&self, pid: i32, program: &str) -> bool {
        processes::hang_up(pid, program)
    }

    /// The kernel's name for this boot.
    pub fn boot_id(&self) -> Option<String> {
        machine::boot_id(Path::new("/"))
    }

    /// What the machine runs on, in the words of systemd-detect-virt(1): `amazon`, `kvm`; `None` where it cannot be told.
    pub fn virtualization(&self) -> Option<String> {
        machine::virtualization(Path::new("/"))
    }

    /// The security module at work and its mode: `selinux: enforcing`.
    pub fn security(&self) -> Option<String> {
        machine::security(Path::new("/"))
    }

    /// Whether the kernel is in FIPS mode.
    pub fn fips(&self) -> Option<bool> {
        machine::fips(Path::new("/"))
    }

    /// The running kernel's release, as `uname -r` prints it.
    pub fn kernel_release(&self) -> String {
        nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Instance metadata; asked for once, within one second. [`Live::forbid_metadata`] first means it is never asked.
    pub fn metadata(&self) -> &metadata::Answer {
        self.metadata.get_or_init(metadata::ask)
    }

    /// The lines of the key that this instance was launched with; asked for each time.
    ///
    /// # Errors
    /// Why it is not known, as a clause.
    pub fn launch_keys(&self) -> Result<Vec<String>, String> {
        match self.metadata() {
            metadata::Answer::Forbidden => Err("the metadata service was not asked: --no-imds".to_owned()),
            metadata::Answer::None(why) => Err(why.clone()),
            metadata::Answer::Found { .. } => metadata::launch::keys(),
        }
    }

    /// The address that the world outside of its VPC knows this instance by, where it has one and the metadata service may
    /// be asked and says so; asked for each time.
    pub fn public_address(&self) -> Option<std::net::Ipv4Addr> {
        matches!(self.metadata(), metadata::Answer::Found { .. }).then(metadata::outside::address).flatten()
    }

    /// What the package manager of `image` knows of pending security updates; asked for once. It reaches no network
    /// unless [`Live::allow_repositories`] came first.
    ///
    /// # Errors
    /// When it is not known which package manager there is.
    pub fn updates(&self, image: &super::Image) -> Result<Option<&updates::Answer>, super::Error> {
        let Some(manager) = updates::manager(image)? else { return Ok(None) };
        let ask = || Some(updates::ask(image, manager, self.may_ask_repositories()));
        Ok(self.updates.get_or_init(ask).as_ref())
    }

    /// Lets the package manager ask its repositories over the network (`--ask-repositories`).
    pub fn allow_repositories(&self) {
        let _ = self.may_ask_repositories.set(());
    }

    /// Whether the package manager may ask its repositories.
    pub fn may_ask_repositories(&self) -> bool {
        self.may_ask_repositories.get().is_some()
    }

    /// The same machine with its sockets and updates not yet looked at. What the metadata service said stays, and so do
    /// the words that it must not be asked and that repositories may.
    #[must_use]
    pub(super) fn refreshed(&self) -> Self {
        Self {
            sockets: OnceLock::new(),
            metadata: self.metadata.clone(),
            updates: OnceLock::new(),
            may_ask_repositories: self.may_ask_repositories.clone(),
            principal: self.principal.clone(),
        }
    }

    /// Keeps the metadata service from being asked (`--no-imds`).
    pub fn forbid_metadata(&self) {
        let _ = self.metadata.set(metadata::Answer::Forbidden);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::image::{Image, Overlay};

    use super::metadata::Answer;

    #[test]
    fn forbidden_stays_forbidden() {
        let image = Image::open(Path::new("/")).unwrap();
        image.live().unwrap().forbid_metadata();
        for again in [image.refreshed(), image.drafted(Overlay::default()), image.refreshed().refreshed()] {
            assert_eq!(again.live().unwrap().metadata(), &Answer::Forbidden);
        }
    }
}
