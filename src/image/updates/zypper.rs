//! SUSE: patches of the category "security".

use super::{Known, Manager, Update, command, fetched, output};
use crate::image::Image;

pub(super) fn ask(image: &Image, network: bool) -> Result<Known, String> {
    let as_of = if network {
        None
    } else {
        Some(fetched(image, "/etc/zypp/repos.d", |id| {
            format!("/var/cache/zypp/raw/{id}/{{cookie,repodata/repomd.xml}}")
        })?)
    };
    let mut arguments = vec!["--non-interactive"];
    if !network {
        arguments.push("--no-refresh");
    }
    arguments.extend(["list-patches", "--category", "security"]);
    let updates = patches(&output(image, &[command(Manager::Zypper, &arguments)], network)?);
    let updates = updates.ok_or("its answer was not understood")?;
    Ok(Known { updates, as_of, ..Known::default() })
}

/// The rows of zypper's table. `None` when there is neither a table nor the word that there is nothing.
fn patches(said: &str) -> Option<Vec<Update>> {
    let mut columns = None;
    let mut updates = Vec::new();
    for line in said.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if columns.is_none() {
            let column = |name: &str| cells.iter().position(|cell| *cell == name);
            columns = column("Name").zip(column("Category")).zip(column("Severity"));
            continue;
        }
        let Some(((name, category), severity)) = columns else { continue };
        if let (Some(name), Some(&"security"), Some(severity)) =
            (cells.get(name), cells.get(category), cells.get(severity))
        {
            updates.push(Update {
                package: (*name).to_owned(),
                notice: String::new(),
                severity: (*severity).to_owned(),
            });
        }
    }
    (columns.is_some() || said.contains("No updates found")).then_some(updates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use proptest::prelude::*;

    #[test]
    fn the_table_is_read() {
        let said = "Repository                          | Name                                             | Category | Severity  | Interactive | Status | Since | Summary\n\
                    ------------------------------------+--------------------------------------------------+----------+-----------+-------------+--------+-------+--------\n\
                    SLE-Module-Basesystem15-SP6-Updates | SUSE-SLE-Module-Basesystem-15-SP6-2024-3905      | security | important | ---         | needed | -     | Security update for openssl-3\n\
                    SLE-Module-Basesystem15-SP6-Updates | SUSE-SLE-Module-Basesystem-15-SP6-2024-3906      | recommended | moderate | ---       | needed | -     | x\n";
        let updates = patches(said).unwrap();
        assert_eq!(updates.len(), 1);
        assert_eq!(updates[0].package, "SUSE-SLE-Module-Basesystem-15-SP6-2024-3905");
        assert_eq!(updates[0].severity, "important");
        assert_eq!(
            patches("Loading repository data...\nReading installed packages...\nNo updates found.\n"),
            Some(Vec::new())
        );
        assert_eq!(patches(""), None);
        assert_eq!(patches("Repository 'x' is invalid.\n"), None);
    }

    #[test]
    fn a_repository_that_was_never_fetched_is_named() {
        let fixture = Fixture::bare();
        fixture.file("/etc/zypp/repos.d/u.repo", "[SLE-Updates]\nbaseurl=https://x.example\n");
        assert!(ask(&fixture.image(), false).unwrap_err().contains("SLE-Updates"));
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(said in "((\\| |Name|Category|Severity|security|\n)|\\PC){0,60}") {
            let _ = patches(&said);
        }
    }
}
