//! LOG-05: cloud-init's logs are gone, wherever its configuration puts them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::{Finding, Status, places};
use crate::image::cloud_init::Value;
use crate::image::{Error, Image, Kind};

/// Where they are unless the configuration says otherwise, rotated ones included.
const USUAL: &str = "/var/log/cloud-init*.log*";

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let mut paths: BTreeSet<PathBuf> = image.glob(USUAL)?.into_iter().collect();
    let cloud_init = image.cloud_init()?;
    paths.extend(
        cloud_init.get(&["def_log_file"]).and_then(Value::text).filter(|path| path.starts_with('/')).map(Into::into),
    );
    if let Some(output) = cloud_init.get(&["output"]) {
        paths.extend(targets(output));
    }
    let mut seen = Vec::new();
    for path in paths {
        if image.lstat(&path)?.is_some_and(|meta| meta.kind == Kind::File && meta.size > 0) {
            seen.extend(places::observed(image, &path)?);
        }
    }
    Ok(if seen.is_empty() {
        Finding::new(Status::Pass, "cloud-init has left no log.")
    } else {
        Finding::new(Status::Fail, "cloud-init's logs of the build instance are on the image.").seen(seen)
    })
}

/// The files that `output` writes to: `> file`, `>> file`, `| tee -a file`.
fn targets(output: &Value) -> Vec<PathBuf> {
    match output {
        Value::Text(text) => {
            let text = text.trim();
            let writes = text.starts_with('>') || text.starts_with('|') && text.contains("tee ");
            let last = text.rsplit([' ', '>']).next().unwrap_or_default();
            let is_file = writes && last.starts_with('/') && !Path::new(last).starts_with("/dev");
            is_file.then(|| PathBuf::from(last)).into_iter().collect()
        }
        Value::List(values) => values.iter().flat_map(targets).collect(),
        Value::Map(entries) => entries.iter().flat_map(|(_, value)| targets(value)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::trial::mended;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    #[test]
    fn logs_are_found_where_the_configuration_puts_them() {
        let fixture = Fixture::debian();
        let config = "def_log_file: /var/log/first.log\noutput:\n  init: '> /srv/init.out'\n  final: ['| tee -a /srv/final.out', '&1']\n  \
                      config: '| /usr/bin/logger'\n";
        fixture.cloud_init("admin").file("/etc/cloud/cloud.cfg.d/10-log.cfg", config);
        fixture.file("/var/log/cloud-init-output.log", "").file("/usr/bin/logger", "x");
        assert_eq!(judged(&fixture.image(), "LOG-05").status, Status::Pass);
        for path in [
            "/var/log/cloud-init.log",
            "/var/log/cloud-init.log.1.gz",
            "/var/log/first.log",
            "/srv/init.out",
            "/srv/final.out",
        ] {
            fixture.file(path, "x");
        }
        assert_eq!(judged(&fixture.image(), "LOG-05").observations.len(), 5);
        let after = mended(&fixture.image(), "LOG-05");
        assert!(after.stat("/usr/bin/logger".as_ref()).unwrap().is_some());
    }
}
