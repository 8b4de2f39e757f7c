//! OSL-01: the operating system is still supported.
//!
//! Four sources: the built-in table, `SUPPORT_END` of os-release(5), and on the image the table of distro-info-data and
//! SUSE's description of the product.
//! The image's own may be older or newer than ours, and vendors move an end back, hardly ever forward: the latest
//! date wins, and the finding says whose it is.

use std::path::Path;

use jiff::civil::Date;

use crate::catalogue::lifecycle;
use crate::check::{Context, Finding, Observation, Status};
use crate::image::os::Os;
use crate::image::{Error, Image, text};

/// Fewer days than this are a remark: a Marketplace version should live for months.
const SOON: i32 = 180;

/// When support ends, as one source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    source: String,
    until: Date,
    extended: Option<Date>,
    free: bool,
}

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let os = image.os()?;
    let mut ends = Vec::new();
    if let Some(table) = lifecycle::built_in()
        && let Some(release) = table.release(&os.id, &os.version_id)
    {
        let source = format!("Seaworthy's table of {}", table.known);
        ends.push(End { source, until: release.end, extended: release.extended, free: release.free });
    }
    if let Some(end) = os.fields.get("SUPPORT_END").and_then(|date| date.parse().ok()) {
        ends.push(End { source: "SUPPORT_END in os-release".to_owned(), until: end, extended: None, free: false });
    }
    ends.extend(distro_info(image, os)?);
    ends.extend(base_product(image)?);
    let name = if os.pretty_name.is_empty() { format!("{} {}", os.id, os.version_id) } else { os.pretty_name.clone() };
    let name = if name.trim().is_empty() { "A system that os-release does not name".to_owned() } else { name };
    let seen = Observation::at("/etc/os-release").text(text::visible(&name));
    let mut finding = judge(&text::visible(&name), &ends, context.today).seen([seen]);
    finding.observations.extend(ends.iter().map(|end| {
        let extended = end.extended.map(|extended| format!(", extended until {extended}")).unwrap_or_default();
        Observation::fact(format!("{}: supported until {}{extended}", end.source, end.until))
    }));
    Ok(finding)
}

fn judge(name: &str, ends: &[End], today: Date) -> Finding {
    let Some(latest) = ends.iter().max_by_key(|end| end.until) else {
        return Finding::new(
            Status::Unknown,
            format!("{name} is in no table: ask its maker how long it is supported."),
        );
    };
    let extended = ends.iter().filter_map(|end| Some((end.extended?, end.free))).max();
    let days = |until: Date| today.until(until).map_or(0, |span| span.get_days());
    let end = latest.until;
    if end >= today {
        let left = days(end);
        let remark = if left < SOON { format!(", in {left} days: plan the next base") } else { String::new() };
        return Finding::new(Status::Pass, format!("{name} is supported until {end}{remark}."));
    }
    match extended {
        Some((extended, true)) if extended >= today => Finding::new(
            Status::Pass,
            format!(
                "{name} left regular support on {end}; long-term support, for fewer packages, lasts until {extended}."
            ),
        ),
        Some((extended, false)) if extended >= today => Finding::new(
            Status::Fail,
            format!("{name} is out of support since {end}; fixes until {extended} must be paid for, by the buyer too."),
        ),
        Some((extended, true)) => Finding::new(Status::Fail, format!("{name} is out of support since {extended}.")),
        _ => Finding::new(Status::Fail, format!("{name} is out of support since {end}.")),
    }
}

/// What the distribution's own table on the image says: `/usr/share/distro-info/*.csv` (distro-info-data).
fn distro_info(image: &Image, os: &Os) -> Result<Option<End>, Error> {
    let (path, extended, free) = match os.id.as_str() {
        "debian" => ("/usr/share/distro-info/debian.csv", "eol-lts", true),
        "ubuntu" => ("/usr/share/distro-info/ubuntu.csv", "eol-esm", false),
        _ => return Ok(None),
    };
    let Some(table) = image.read_text(Path::new(path))? else { return Ok(None) };
    Ok(row(&table, &os.version_id, extended).map(|(end, extended)| End {
        source: path.to_owned(),
        until: end,
        extended,
        free,
    }))
}

/// What SUSE's product file says: `<endoflife>2031-07-31</endoflife>`, mostly empty.
fn base_product(image: &Image) -> Result<Option<End>, Error> {
    let path = "/etc/products.d/baseproduct";
    let Some(product) = image.read_text(Path::new(path))? else { return Ok(None) };
    Ok(end_of_life(&product).map(|until| End { source: path.to_owned(), until, extended: None, free: false }))
}

/// The date of an `endoflife` element.
fn end_of_life(product: &str) -> Option<Date> {
    let (_, rest) = product.split_once("<endoflife>")?;
    let (date, _) = rest.split_once("</endoflife>")?;
    // It may name the time, too.
    date.trim().get(..10)?.parse().ok()
}

/// The dates in the row of `version`, by the names in the table's first line.
fn row(table: &str, version: &str, extended: &str) -> Option<(Date, Option<Date>)> {
    let mut lines = table.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<_>>());
    let names = lines.next()?;
    let column = |name: &str| names.iter().position(|&found| found == name);
    let (version_column, end_column) = (column("version")?, column("eol")?);
    let row = lines.find(|row| row.get(version_column).and_then(|found| found.split(' ').next()) == Some(version))?;
    let date = |column: usize| row.get(column).and_then(|date| date.parse().ok());
    Some((date(end_column)?, column(extended).and_then(date)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;
    use jiff::civil::date;

    fn on(fixture: &Fixture, today: Date) -> Finding {
        check(&fixture.image(), &Context::on(today)).unwrap()
    }

    fn release(text: &str) -> Fixture {
        let fixture = Fixture::bare();
        fixture.file("/etc/os-release", text);
        fixture
    }

    #[test]
    fn an_end_ahead_passes_and_a_near_one_is_told() {
        let amazon = release("ID=amzn\nVERSION_ID=\"2023\"\n");
        assert_eq!(on(&amazon, date(2026, 11, 22)).status, Status::Pass);
        let near = on(&amazon, date(2029, 6, 1));
        assert_eq!(near.status, Status::Pass);
        assert!(near.summary.contains("in 29 days"), "{}", near.summary);
    }

    #[test]
    fn an_end_behind_fails() {
        let finding = on(&release("ID=amzn\nVERSION_ID=\"2\"\nPRETTY_NAME=\"Amazon Linux 2\"\n"), date(2026, 11, 22));
        assert_eq!(
            (finding.status, finding.summary.as_str()),
            (Status::Fail, "Amazon Linux 2 is out of support since 2026-06-30.")
        );
    }

    #[test]
    fn free_extended_support_passes_with_a_remark_and_paid_does_not() {
        let debian = on(&Fixture::debian(), date(2026, 11, 22));
        assert_eq!(debian.status, Status::Pass);
        assert!(debian.summary.contains("long-term support"), "{}", debian.summary);
        assert_eq!(on(&Fixture::debian(), date(2028, 7, 1)).status, Status::Fail);
        assert_eq!(on(&release("ID=ubuntu\nVERSION_ID=20.04\n"), date(2026, 11, 22)).status, Status::Fail);
    }

    #[test]
    fn the_vendors_later_word_wins_and_an_older_one_does_not() {
        let later = release("ID=amzn\nVERSION_ID=2\nSUPPORT_END=\"2027-06-30\"\n");
        assert_eq!(on(&later, date(2026, 11, 22)).status, Status::Pass);
        let stale = release("ID=amzn\nVERSION_ID=2023\nSUPPORT_END=\"2028-03-15\"\n");
        assert_eq!(on(&stale, date(2028, 11, 22)).status, Status::Pass);
        let fixture = Fixture::debian();
        let table = "version,codename,series,created,release,eol,eol-lts,eol-elts\n12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2029-06-30,\n";
        fixture.file("/usr/share/distro-info/debian.csv", table);
        assert_eq!(on(&fixture, date(2028, 12, 1)).status, Status::Pass);
    }

    #[test]
    fn an_unknown_system_is_unknown_unless_it_tells() {
        assert_eq!(on(&release("ID=plan9\n"), date(2026, 11, 22)).status, Status::Unknown);
        assert_eq!(on(&release("ID=plan9\nSUPPORT_END=2020-01-01\n"), date(2026, 11, 22)).status, Status::Fail);
        assert_eq!(on(&release("ID=plan9\nSUPPORT_END=soon\n"), date(2026, 11, 22)).status, Status::Unknown);
    }

    #[test]
    fn suse_tells_in_its_product_file() {
        let sles = release("ID=sles\nVERSION_ID=15.6\n");
        assert_eq!(on(&sles, date(2026, 11, 22)).status, Status::Fail);
        sles.file("/etc/products.d/SLES.prod", "<product>\n  <endoflife></endoflife>\n</product>\n");
        sles.link("/etc/products.d/baseproduct", "SLES.prod");
        assert_eq!(on(&sles, date(2026, 11, 22)).status, Status::Fail);
        sles.file("/etc/products.d/SLES.prod", "<product><endoflife>2028-12-31T00:00:00</endoflife></product>\n");
        assert_eq!(on(&sles, date(2026, 11, 22)).status, Status::Pass);
        for odd in ["", "<endoflife>", "<endoflife>x</endoflife>", "<endoflife>2028-12-3é</endoflife>", "<endoflife/>"]
        {
            assert_eq!(end_of_life(odd), None, "{odd}");
        }
    }

    #[test]
    fn odd_tables_are_survived() {
        for table in ["", "version\n12", "version,eol\n12", "version,eol\n12,later", "eol,version\n2027-01-01,12 LTS"] {
            let found = row(table, "12", "eol-lts");
            assert_eq!(found.is_some(), table.ends_with("LTS"), "{table}");
        }
    }
}
