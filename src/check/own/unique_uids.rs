//! ACC-04: only root has user id 0, and no name or user id is used twice.

use std::collections::BTreeMap;

use crate::check::{Finding, Observation, Status};
use crate::image::accounts::User;
use crate::image::text::visible;
use crate::image::{Error, Image};

pub(super) fn check(image: &Image) -> Result<Finding, Error> {
    let accounts = image.accounts()?;
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    let mut uids: BTreeMap<u32, &User> = BTreeMap::new();
    let mut seen = Vec::new();
    for user in &accounts.users {
        let at = |text: String| Observation::at("/etc/passwd").line(user.line).text(text);
        let name = visible(&user.name);
        if let Some(line) = names.insert(&user.name, user.line) {
            seen.push(at(format!("{name} is on line {line} already")));
        } else if let Some(twin) = uids.get(&user.uid) {
            seen.push(at(format!("{name} has user id {}, as has {}", user.uid, visible(&twin.name))));
        } else if user.uid == 0 && user.name != "root" {
            seen.push(at(format!("{name} has user id 0")));
        }
        uids.entry(user.uid).or_insert(user);
    }
    if !seen.is_empty() {
        return Ok(Finding::new(Status::Fail, "Accounts share a name or a user id.").seen(seen));
    }
    if let Some((path, line)) = accounts.odd_lines.iter().find(|(path, _)| path.ends_with("passwd")) {
        return Ok(Finding::new(Status::Unknown, "A line of /etc/passwd is not of the form the manual gives.")
            .seen([Observation::at(path).line(*line)]));
    }
    Ok(Finding::new(Status::Pass, "Only root has user id 0, and every account has an id of its own."))
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::trial::judged;
    use crate::image::fixture::Fixture;

    fn status(passwd: &str) -> (Status, Vec<Option<u32>>) {
        let fixture = Fixture::debian();
        fixture.file("/etc/passwd", passwd);
        let finding = judged(&fixture.image(), "ACC-04");
        (finding.status, finding.observations.iter().map(|seen| seen.line).collect())
    }

    #[test]
    fn twins_of_root_and_of_others_fail() {
        assert_eq!(status("root:x:0:0::/root:/bin/sh\na:x:5:5::/:/bin/sh\n").0, Status::Pass);
        let (found, lines) = status("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\na:x:5:5::/:/x\nb:x:5:5::/:/x\n");
        assert_eq!((found, lines), (Status::Fail, vec![Some(2), Some(4)]));
        assert_eq!(status("admin:x:0:0::/root:/bin/sh\n"), (Status::Fail, vec![Some(1)]));
        assert_eq!(status("root:x:0:0::/:/bin/sh\na:x:5:5::/:/x\na:x:6:5::/:/x\n"), (Status::Fail, vec![Some(3)]));
    }

    #[test]
    fn a_line_that_is_not_understood_is_no_pass() {
        assert_eq!(status("root:x:0:0::/root:/bin/sh\n???\n"), (Status::Unknown, vec![Some(2)]));
    }
}
