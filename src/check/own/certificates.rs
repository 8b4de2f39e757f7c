//! SEC-14: certificates that servers are set to use are within their dates, and their keys are not delivered with the
//! image.

use std::path::Path;

use jiff::civil::Date;

use crate::check::{Context, Finding, Observation, Status, sweep};
use crate::image::{Error, Image, Kind, text};

mod pem;
mod servers;
#[cfg(test)]
mod tests;

use servers::{InUse, in_use};

/// Fewer days than this are a remark.
const SOON: i32 = 30;

pub(super) fn check(image: &Image, context: &Context) -> Result<Finding, Error> {
    let InUse { certificates, keys } = in_use(image)?;
    let (mut wrong, mut remarks, mut odd) = (Vec::new(), Vec::new(), Vec::new());
    for (path, by) in &keys {
        if image.stat(path)?.is_some_and(|meta| meta.kind == Kind::File && meta.size > 0) {
            wrong
                .push(Observation::at(path).text(format!("this key of {} would be the same on every copy", named(by))));
        }
    }
    for (path, by) in &certificates {
        let Some(bytes) = image.read(path)? else {
            let remark = format!("not there, although {} names it: the first boot must bring it", named(by));
            remarks.push(Observation::at(path).text(remark));
            continue;
        };
        if !keys.contains_key(path) && sweep::private_key(path, &bytes).is_some() {
            wrong.push(Observation::at(path).text("it holds its key as well, which would be the same on every copy"));
        }
        match judge(&bytes, context.today) {
            Judged::Fine(remark) => remarks.push(Observation::at(path).text(remark)),
            Judged::Wrong(problem) => wrong.push(Observation::at(path).text(problem)),
            Judged::Odd if keys.contains_key(path) => {}
            Judged::Odd => odd.push(path),
        }
    }
    if !wrong.is_empty() {
        let odd = odd.iter().map(|path| Observation::at(*path).text("no certificate that can be understood"));
        let summary = "Certificates in use are out of date, or their keys are on the image.";
        return Ok(Finding::new(Status::Fail, summary).seen(wrong).seen(odd).seen(remarks));
    }
    if let Some(path) = odd.first() {
        return Err(Error::malformed("read", *path, "it holds no certificate that can be understood"));
    }
    let summary = if certificates.is_empty() && keys.is_empty() {
        "No server is set to use a certificate."
    } else {
        "The certificates in use are within their dates, and no key of theirs is on the image."
    };
    Ok(Finding::new(Status::Pass, summary).seen(remarks))
}

fn named(by: &Path) -> String {
    text::path(by)
}

/// What a file says that should hold a certificate.
enum Judged {
    /// It is good; what there is to know.
    Fine(String),
    /// It is not; why.
    Wrong(String),
    /// It holds no certificate that can be understood.
    Odd,
}

/// Judges the first certificate of a PEM file, and of those that go with it only the dates.
fn judge(bytes: &[u8], today: Date) -> Judged {
    let mut certificates = pem::certificates(bytes);
    let Some(Some(first)) = certificates.next() else { return Judged::Odd };
    let mut others = certificates.flatten();
    if let Some(problem) = first.problem(today).or_else(|| others.find_map(|other| other.problem(today))) {
        return Judged::Wrong(problem);
    }
    let left = today.until(first.end).map_or(0, |span| span.get_days());
    let soon = if left < SOON { ", which is soon" } else { "" };
    let signed = if first.signed_by_itself { ", signed by itself" } else { "" };
    Judged::Fine(format!("{}: valid until {}{soon}{signed}", first.name, first.end))
}

impl pem::Certificate {
    /// Why it is not valid on `today`.
    fn problem(&self, today: Date) -> Option<String> {
        if self.end < today {
            Some(format!("{}: out of date since {}", self.name, self.end))
        } else if self.begin > today {
            Some(format!("{}: not valid before {}", self.name, self.begin))
        } else {
            None
        }
    }
}
