//! A key of cloud-init's merged configuration has one of the wanted values.

use crate::check::{Finding, Observation, Status};
use crate::image::cloud_init::{Runs, Value};
use crate::image::{Error, Image, text};

pub(in crate::check) fn check(
    image: &Image,
    key: &str,
    pass: &[String],
    unset_is_fine: bool,
) -> Result<Finding, Error> {
    let cloud_init = image.cloud_init()?;
    if cloud_init.runs == Runs::NotInstalled {
        return Ok(Finding::new(Status::NotApplicable, "cloud-init is not installed."));
    }
    let keys: Vec<&str> = key.split('.').collect();
    let value = cloud_init.get(&keys);
    if let Some((path, why)) = cloud_init.broken.first() {
        let what = format!("cloud-init's configuration is not all YAML, so `{key}` is not known for sure.");
        return Ok(Finding::new(Status::Unknown, what).seen([Observation::at(path).text(text::visible(why))]));
    }
    let Some(value) = value else {
        return Ok(if unset_is_fine {
            Finding::new(Status::Pass, format!("cloud-init's `{key}` is not set, which is fine."))
        } else {
            Finding::new(Status::Fail, format!("cloud-init's `{key}` is not set; it must be {}.", pass.join(" or ")))
        });
    };
    let written = written(value);
    let seen = keys.first().and_then(|first| cloud_init.origin(first)).map_or_else(
        || Observation::fact(format!("{key}: {written}")),
        |origin| Observation::at(&origin.path).line(origin.line).text(format!("{key}: {written}")),
    );
    let finding = if pass.contains(&written) {
        Finding::new(Status::Pass, format!("cloud-init's `{key}` is `{written}`."))
    } else {
        let wanted = pass.join("` or `");
        Finding::new(Status::Fail, format!("cloud-init's `{key}` is `{written}`; it must be `{wanted}`."))
    };
    Ok(finding.seen([seen]))
}

/// A scalar as YAML writes it; text that spells a boolean counts as one, as cloud-init's own helper does.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(on) => on.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => "true".to_owned(),
            "false" | "no" | "off" => "false".to_owned(),
            _ => text::visible(text),
        },
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::fixture::Fixture;

    fn status(config: Option<&str>, unset_is_fine: bool) -> Status {
        let fixture = Fixture::debian();
        if let Some(config) = config {
            fixture.cloud_init("admin").file("/etc/cloud/cloud.cfg.d/50-a.cfg", config);
        }
        check(&fixture.image(), "growpart.mode", &["auto".to_owned(), "true".to_owned()], unset_is_fine).unwrap().status
    }

    #[test]
    fn the_merged_value_decides() {
        assert_eq!(status(None, true), Status::NotApplicable);
        assert_eq!(status(Some("{}"), true), Status::Pass);
        assert_eq!(status(Some("{}"), false), Status::Fail);
        assert_eq!(status(Some("growpart: {mode: auto}\n"), false), Status::Pass);
        assert_eq!(status(Some("growpart: {mode: 'yes'}\n"), false), Status::Pass);
        assert_eq!(status(Some("growpart: {mode: off}\n"), false), Status::Fail);
        assert_eq!(status(Some("growpart: [\n"), false), Status::Unknown);
    }
}
