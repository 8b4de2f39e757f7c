//! Whether the clock of this machine is kept by a time service, and which. The kernel's own word, adjtimex(2), is not to be
//! had without unsafe code; the services say the same.

use std::path::Path;
use std::time::Duration;

use super::table::Table;
use crate::image::{Image, program};

/// The clock of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Whether it is synchronised; `None`: its service does not say.
    pub synchronised: Option<bool>,
    /// The service that keeps it.
    pub source: Option<String>,
}

/// The time services that are known, the likeliest first.
const SERVICES: [&str; 4] = ["chronyd", "systemd-timesyncd", "ntpd", "ntp-daemon"];
/// Touched at each synchronization (systemd-timesyncd.service(8)).
const TIMESYNCD: &str = "/run/systemd/timesync/synchronized";
const CHRONYC: &str = "/usr/bin/chronyc";

/// Looks at the clock of this machine, which may be `image`: only then a program of it is asked.
pub fn clock(image: &Image) -> Clock {
    let table = Table::read(Path::new("/proc")).ok();
    let runs = |name: &str| table.iter().flat_map(Table::all).any(|process| process.program == name);
    let source = SERVICES.into_iter().find(|name| runs(name));
    let synchronised = match source {
        Some("systemd-timesyncd") => Some(Path::new(TIMESYNCD).exists()),
        Some("chronyd") if Path::new(CHRONYC).exists() => {
            let argv = [CHRONYC, "-c", "-n", "tracking"].map(str::to_owned);
            let ended = program::run(image, &argv, Duration::from_secs(2), &mut |_| {});
            ended.ok().filter(program::Ended::success).and_then(|ended| tracked(&ended.output))
        }
        _ => None,
    };
    Clock { synchronised, source: source.map(str::to_owned) }
}

/// What `chronyc -c tracking` says: the last of its fields is the leap status (chronyc(1)).
fn tracked(output: &str) -> Option<bool> {
    let fields: Vec<&str> = output.trim().split(',').collect();
    let (status, 14) = (fields.last()?, fields.len()) else { return None };
    Some(*status != "Not synchronised")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chrony_says_whether_it_follows_a_clock() {
        let line = |status: &str| {
            format!(
                "A9FEA97B,169.254.169.123,4,1763868000.1,0.000001,-0.000002,0.00001,-1.2,0.0,0.02,0.0004,0.0001,16.2,{status}\n"
            )
        };
        assert_eq!(tracked(&line("Normal")), Some(true));
        assert_eq!(tracked(&line("Not synchronised")), Some(false));
        assert_eq!(tracked("506 Cannot talk to daemon\n"), None);
        assert_eq!(tracked(""), None);
    }
}
