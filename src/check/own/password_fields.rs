//! Every password field of the image with what it means; the content itself never leaves [`crate::image`].

use crate::check::{Finding, Observation, Status};
use crate::image::accounts::{Accounts, Password};
use crate::image::text::visible;
use crate::image::{Error, Image};

/// One password field.
pub(super) struct Field<'a> {
    path: &'static str,
    line: u32,
    name: &'a str,
    /// What it means.
    pub(super) password: Password,
    /// The account's user id; `None` for groups.
    pub(super) uid: Option<u32>,
}

impl Field<'_> {
    fn observation(&self) -> Observation {
        let what = match self.password {
            Password::Empty => "empty".to_owned(),
            Password::Hash { locked: false, scheme } => format!("a {scheme} hash"),
            Password::Hash { locked: true, scheme } => format!("a {scheme} hash behind a lock"),
            Password::Locked => "locked".to_owned(),
            Password::Shadowed | Password::Junk => "neither a hash nor a lock".to_owned(),
        };
        let whose = if self.uid.is_none() && self.path.contains("group") { "group " } else { "" };
        Observation::at(self.path).line(self.line).text(format!("{whose}{}: {what}", visible(self.name)))
    }
}

/// Fails with every field that `is_bad`; a file that could not be read, or a line that is not of the manual's form,
/// makes a pass unknown.
pub(super) fn judge(
    image: &Image,
    is_bad: impl Fn(&Field<'_>) -> bool,
    fail: &str,
    pass: &str,
) -> Result<Finding, Error> {
    let accounts = image.accounts()?;
    let bad: Vec<_> = fields(accounts).iter().filter(|field| is_bad(field)).map(Field::observation).collect();
    if !bad.is_empty() {
        return Ok(Finding::new(Status::Fail, fail).seen(bad));
    }
    accounts.shadow.clone()?;
    accounts.gshadow.clone()?;
    if !accounts.odd_lines.is_empty() {
        let odd = accounts.odd_lines.iter().map(|(path, line)| Observation::at(path).line(*line));
        return Ok(Finding::new(
            Status::Unknown,
            "Some lines of the account files are not of the form the manual gives.",
        )
        .seen(odd));
    }
    Ok(Finding::new(Status::Pass, pass))
}

fn fields(accounts: &Accounts) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    for user in &accounts.users {
        let (name, uid) = (user.name.as_str(), Some(user.uid));
        if user.password != Password::Shadowed {
            fields.push(Field { path: "/etc/passwd", line: user.line, name, password: user.password, uid });
        }
        if let Some(shadow) = &user.shadow {
            fields.push(Field { path: "/etc/shadow", line: shadow.line, name, password: shadow.password, uid });
        }
    }
    for group in &accounts.groups {
        let (path, line) = match group.gshadow_line {
            Some(line) => ("/etc/gshadow", line),
            None => ("/etc/group", group.line),
        };
        fields.push(Field { path, line, name: &group.name, password: group.password, uid: None });
    }
    for stray in &accounts.strays {
        let path = if stray.path.ends_with("gshadow") { "/etc/gshadow" } else { "/etc/shadow" };
        fields.push(Field { path, line: stray.line, name: &stray.name, password: stray.password, uid: None });
    }
    fields
}
