//! Which directories are homes.

use super::{BTreeSet, Error, HOME_LIMIT, Home, Image, Kind, Path, PathBuf, Reason, User};

/// Directories of the system that passwd gives to accounts which have no home (hier(7), Debian's `base-passwd`, Fedora's
/// `setup`): what lies in them is not a person's.
const SYSTEM: [&str; 44] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/media",
    "/mnt",
    "/nonexistent",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/var/adm",
    "/var/backups",
    "/var/cache",
    "/var/empty",
    "/var/ftp",
    "/var/lib",
    "/var/list",
    "/var/lock",
    "/var/log",
    "/var/mail",
    "/var/run",
    "/var/spool",
    "/var/tmp",
];

/// Below these nothing is on the image's own disk.
const VOLATILE: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// Every home that exists, each directory once, sorted by path.
pub(super) fn homes(image: &Image, users: &[User]) -> Result<Vec<Home>, Error> {
    let mut homes = Vec::new();
    let mut seen = BTreeSet::new();
    for user in users {
        if homes.len() > HOME_LIMIT {
            break;
        }
        add(image, &user.home, Some(&user.name), &mut seen, &mut homes);
    }
    add(image, Path::new("/root"), None, &mut seen, &mut homes);
    if image.stat(Path::new("/home"))?.is_some_and(|meta| meta.kind == Kind::Directory) {
        for entry in image.list(Path::new("/home"))? {
            if homes.len() > HOME_LIMIT {
                break;
            }
            add(image, &Path::new("/home").join(entry.name), None, &mut seen, &mut homes);
        }
    }
    if homes.len() > HOME_LIMIT {
        return Err(Error {
            action: "look into the homes below",
            path: "/".into(),
            reason: Reason::TooMany(HOME_LIMIT),
        });
    }
    homes.sort();
    Ok(homes)
}

fn add(image: &Image, path: &Path, user: Option<&str>, seen: &mut BTreeSet<PathBuf>, homes: &mut Vec<Home>) {
    let is_system = |path: &Path| {
        SYSTEM.iter().any(|system| path == Path::new(system)) || VOLATILE.iter().any(|below| path.starts_with(below))
    };
    if !path.is_absolute() || is_system(path) {
        return;
    }
    let (real, is_there) = match (image.real_path(path), image.stat(path)) {
        (Ok(real), Ok(meta)) => (real, meta.is_some_and(|meta| meta.kind == Kind::Directory)),
        // Nobody gets through a circle of links.
        (Err(Error { reason: Reason::Loop, .. }), _) => return,
        // It may be there: kept, so that whoever looks into it learns that nobody can.
        _ => (path.to_owned(), true),
    };
    if is_there && !is_system(&real) && seen.insert(real) {
        // Components put together again: no slash at the end, none twice.
        homes.push(Home { path: path.components().collect(), user: user.map(str::to_owned) });
    }
}
