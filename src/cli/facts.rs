//! `seaworthy facts`: what was found out about the image, raw.

use std::fmt::Write;
use std::net::IpAddr;

use super::args::{Common, Fact, FactsArgs, Format};
use super::environment::Environment;
use super::output::{Failure, print, print_json};
use super::{OK, engine};
use crate::check::Context;
use crate::image::Image;
use crate::image::accounts::{Accounts, Password};
use crate::image::cloud_init::Value;
use crate::image::live::metadata::Answer;
use crate::image::network::{Address, ByCloudInit, Tool};
use crate::image::sshd::Connection;
use crate::image::text;

mod access;
mod secrets;

pub(super) fn run(args: &FactsArgs, common: &Common, environment: &Environment) -> Result<u8, Failure> {
    if connection(args).is_some() && args.which != Some(Fact::Sshd) {
        return Err(Failure::Usage("--user, --host, --addr, --laddr and --lport go with `facts sshd`".into()));
    }
    for (flag, address) in [("--addr", &args.addr), ("--laddr", &args.laddr)] {
        if let Some(address) = address
            && !is_address(address)
        {
            return Err(Failure::Usage(format!("{flag}: {} is no IP address", text::visible(address))));
        }
    }
    let image = engine::image(common)?;
    let facts = match args.which {
        Some(which) => vec![which],
        None => {
            vec![
                Fact::Os,
                Fact::Accounts,
                Fact::Access,
                Fact::Sshd,
                Fact::CloudInit,
                Fact::Units,
                Fact::Network,
                Fact::Packages,
                Fact::Sockets,
                Fact::SecurityGroup,
                Fact::Metadata,
            ]
        }
    };
    let page = facts.len() > 1;
    let mut out = String::new();
    let mut document = serde_json::Map::new();
    for fact in facts {
        let found = find(&image, fact, args, common, environment);
        let (text, json) = match found {
            Ok(found) => found,
            // On a page of all facts, one that cannot be had does not hide the others.
            Err(Failure::Failed(reason) | Failure::Usage(reason)) if page => {
                (format!("{reason}\n"), serde_json::Value::Null)
            }
            Err(failure) => return Err(failure),
        };
        let name = name(fact);
        if page {
            let _ = writeln!(out, "# {name}");
        }
        out.push_str(&text);
        if page {
            out.push('\n');
        }
        document.insert(name.to_owned(), json);
    }
    match common.format {
        Format::Text => print(&out)?,
        Format::Json => print_json(&document)?,
    }
    Ok(OK)
}

/// An IP address; an IPv6 address may name its zone (`fe80::1%eth0`, RFC 4007).
fn is_address(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    match address.parse() {
        Ok(IpAddr::V4(_)) => zone.is_none(),
        Ok(IpAddr::V6(_)) => zone != Some(""),
        Err(_) => false,
    }
}

fn name(fact: Fact) -> &'static str {
    match fact {
        Fact::Os => "os",
        Fact::Accounts => "accounts",
        Fact::Access => "access",
        Fact::Sshd => "sshd",
        Fact::CloudInit => "cloud-init",
        Fact::Units => "units",
        Fact::Network => "network",
        Fact::Packages => "packages",
        Fact::Sockets => "sockets",
        Fact::SecurityGroup => "security-group",
        Fact::Metadata => "metadata",
        Fact::Secrets => "secrets",
    }
}

fn find(
    image: &Image,
    fact: Fact,
    args: &FactsArgs,
    common: &Common,
    environment: &Environment,
) -> Result<(String, serde_json::Value), Failure> {
    Ok(match fact {
        Fact::Os => os(image)?,
        Fact::Accounts => accounts(image.accounts()?),
        Fact::Access => access::access(image, &Context::on(engine::today())),
        Fact::Sshd => sshd(image, args)?,
        Fact::CloudInit => cloud_init(image)?,
        Fact::Units => units(image)?,
        Fact::Network => network(image)?,
        Fact::Packages => packages(image)?,
        Fact::Sockets => sockets(image)?,
        Fact::SecurityGroup => security_group(image)?,
        Fact::Metadata => metadata(image)?,
        Fact::Secrets => secrets::secrets(image, common, environment)?,
    })
}

fn os(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let os = image.os()?;
    let arch = image.arch();
    let mut out = format!("ARCH={}\n", arch.unwrap_or("unknown"));
    for (key, value) in &os.fields {
        let _ = writeln!(out, "{}={}", text::visible(key), text::visible(value));
    }
    Ok((out, serde_json::json!({"arch": arch, "os_release": os.fields})))
}

fn password(password: Password) -> &'static str {
    match password {
        Password::Empty => "empty",
        Password::Locked => "locked",
        Password::Hash { locked: true, .. } => "hash-behind-lock",
        Password::Hash { locked: false, .. } => "hash",
        Password::Shadowed => "shadowed",
        Password::Junk => "unusable",
    }
}

fn accounts(accounts: &Accounts) -> (String, serde_json::Value) {
    let mut out = String::new();
    for user in &accounts.users {
        let kept = user.shadow.map_or(user.password, |shadow| shadow.password);
        let _ = writeln!(
            out,
            "user {} uid={} gid={} password={} shell={} home={}",
            text::visible(&user.name),
            user.uid,
            user.gid,
            password(kept),
            text::path(&user.shell),
            text::path(&user.home)
        );
    }
    for group in &accounts.groups {
        let _ = writeln!(
            out,
            "group {} gid={} password={} members={}",
            text::visible(&group.name),
            group.gid,
            password(group.password),
            text::visible(&group.members.join(","))
        );
    }
    for home in &accounts.homes {
        let _ = writeln!(
            out,
            "home {} user={}",
            text::path(&home.path),
            home.user.as_deref().map_or("-".to_owned(), text::visible)
        );
    }
    for (path, line) in &accounts.odd_lines {
        let _ = writeln!(out, "odd-line {}:{line}", text::path(path));
    }
    if let Err(error) = &accounts.shadow {
        let _ = writeln!(out, "unread {error}");
    }
    let users: Vec<_> = accounts
        .users
        .iter()
        .map(|user| {
            serde_json::json!({
                "name": user.name, "uid": user.uid, "gid": user.gid,
                "password": password(user.shadow.map_or(user.password, |shadow| shadow.password)),
                "shell": text::path(&user.shell), "home": text::path(&user.home),
            })
        })
        .collect();
    let groups: Vec<_> = accounts
        .groups
        .iter()
        .map(|group| serde_json::json!({"name": group.name, "gid": group.gid, "members": group.members}))
        .collect();
    let homes: Vec<_> = accounts
        .homes
        .iter()
        .map(|home| serde_json::json!({"path": text::path(&home.path), "user": home.user}))
        .collect();
    (out, serde_json::json!({"users": users, "groups": groups, "homes": homes}))
}

/// The connection that the flags describe; `None` without any of them.
fn connection(args: &FactsArgs) -> Option<Connection> {
    let words = [&args.user, &args.host, &args.addr, &args.laddr];
    (words.iter().any(|word| word.is_some()) || args.lport.is_some()).then(|| Connection {
        user: args.user.clone().unwrap_or_default(),
        host: args.host.clone().unwrap_or_default(),
        addr: args.addr.clone().unwrap_or_default(),
        laddr: args.laddr.clone().unwrap_or_default(),
        lport: args.lport.unwrap_or_default(),
    })
}

fn sshd(image: &Image, args: &FactsArgs) -> Result<(String, serde_json::Value), Failure> {
    let sshd = image.sshd()?;
    if let Some(problem) = sshd.problems.iter().find(|problem| problem.fatal) {
        return Err(Failure::Failed(format!(
            "{} line {}: {}; sshd would not start with this configuration",
            text::path(&problem.origin.path),
            problem.origin.line,
            text::visible(&problem.message)
        )));
    }
    if sshd.main.is_none() {
        return Err(Failure::Failed("no /etc/ssh/sshd_config: there is no SSH server on this image".into()));
    }
    let effective = sshd.effective(connection(args).as_ref());
    let mut document = serde_json::Map::new();
    for setting in &effective.settings {
        document.insert(setting.keyword.clone(), serde_json::json!({
            "values": setting.values,
            "origins": setting.origins.iter().map(|origin| serde_json::json!({"path": text::path(&origin.path), "line": origin.line})).collect::<Vec<_>>(),
        }));
    }
    Ok((effective.dump(), serde_json::Value::Object(document)))
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Text(value) => value.clone().into(),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Map(entries) => {
            serde_json::Value::Object(entries.iter().map(|(key, value)| (key.clone(), json(value))).collect())
        }
    }
}

fn cloud_init(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let cloud_init = image.cloud_init()?;
    let document = serde_json::json!({"runs": format!("{:?}", cloud_init.runs), "config": without_commands(json(&cloud_init.config))});
    let mut out = serde_json::to_string_pretty(&document).map_err(Failure::failed)?;
    out.push('\n');
    Ok((text::visible_json(&out), document))
}

/// Commands of the configuration are masked: anything may stand in them. The image masks the keys that name a secret.
fn without_commands(mut config: serde_json::Value) -> serde_json::Value {
    for key in ["runcmd", "bootcmd"] {
        if let Some(commands) = config.get_mut(key) {
            mask(commands);
        }
    }
    config
}

fn mask(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = text::masked(text),
        serde_json::Value::Array(values) => values.iter_mut().for_each(mask),
        serde_json::Value::Object(entries) => entries.values_mut().for_each(mask),
        _ => {}
    }
}

fn units(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let units = image.units()?;
    let mut out = format!("default-target {}\n", units.default_target.as_deref().unwrap_or("-"));
    for unit in &units.units {
        let _ = writeln!(out, "{} {}", text::visible(&unit.name), format!("{:?}", unit.state).to_lowercase());
    }
    let rows: Vec<_> = units
        .units
        .iter()
        .map(|unit| serde_json::json!({"name": unit.name, "state": format!("{:?}", unit.state).to_lowercase(), "path": text::path(&unit.path)}))
        .collect();
    Ok((out, serde_json::json!({"default_target": units.default_target, "units": rows})))
}

fn network(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let network = image.network()?;
    let mut out = String::new();
    let on: Vec<&str> = Tool::ALL.into_iter().filter(|tool| network.is_on(*tool)).map(Tool::name).collect();
    let _ = writeln!(out, "starts-at-boot {}", if on.is_empty() { "-".to_owned() } else { on.join(", ") });
    let by_cloud_init = match &network.cloud_init {
        ByCloudInit::Writes { renderer, tool } => format!("writes {} for {}", renderer.name(), tool.name()),
        ByCloudInit::Fixed => "writes what its configuration says".to_owned(),
        ByCloudInit::No(why) => format!("writes nothing: {}", text::visible(why)),
    };
    let _ = writeln!(out, "cloud-init {by_cloud_init}");
    let mut rows = Vec::new();
    for source in &network.sources {
        let profile = &source.profile;
        let address = match profile.address {
            Address::Dhcp => "dhcp",
            Address::Static => "static",
            Address::Nothing => "none",
        };
        let names = if profile.names.is_empty() { "*".to_owned() } else { profile.names.join(",") };
        let _ = write!(out, "{}:{} {address} {}", text::path(&source.path), profile.line, text::visible(&names));
        for bound in &profile.bound {
            let _ = write!(out, " [line {}: {}]", bound.line, text::visible(&bound.text));
        }
        out.push('\n');
        let bound: Vec<_> = profile
            .bound
            .iter()
            .map(|bound| serde_json::json!({"path": text::path(&bound.path), "line": bound.line, "text": bound.text}))
            .collect();
        rows.push(serde_json::json!({
            "path": text::path(&source.path), "line": profile.line, "by": source.tool.name(), "address": address, "names": profile.names,
            "drivers": profile.drivers, "automatic": profile.automatic, "bound": bound, "from_cloud_init": source.from_cloud_init,
        }));
    }
    for broken in &network.broken {
        let _ = writeln!(
            out,
            "{}:{} not understood: {}",
            text::path(&broken.path),
            broken.line,
            text::visible(&broken.why)
        );
    }
    Ok((out, serde_json::json!({"starts_at_boot": on, "cloud_init": by_cloud_init, "sources": rows})))
}

fn packages(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let packages = &image.packages()?.packages;
    let mut out = String::new();
    for package in packages {
        let _ = writeln!(
            out,
            "{} {} {}",
            text::visible(&package.name),
            text::visible(&package.version),
            text::visible(&package.arch)
        );
    }
    let rows: Vec<_> = packages
        .iter()
        .map(|package| serde_json::json!({"name": package.name, "version": package.version, "arch": package.arch, "vendor": package.vendor}))
        .collect();
    Ok((out, rows.into()))
}

/// What a fact that only a running machine has says of an offline image.
fn only_live(what: &str) -> Failure {
    Failure::Failed(format!("only a running machine has {what}; this image is offline"))
}

/// The rules under the key that a change set of type `AddDeliveryOptions` has them under.
fn security_group(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let rules = crate::check::security_group_rules(image)?;
    let mut out = String::new();
    for rule in &rules {
        let _ = writeln!(out, "{} {} {}", rule.ip_protocol, rule.from_port, rule.ip_ranges.join(" "));
    }
    Ok((out, serde_json::json!({ "SecurityGroups": rules })))
}

fn sockets(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let live = image.live().ok_or_else(|| only_live("listening sockets"))?;
    let listeners = live.sockets()?;
    let mut out = String::new();
    for listener in listeners {
        let _ = writeln!(
            out,
            "{} {} {}",
            listener.protocol,
            listener.address,
            listener.program.as_deref().map_or("-".to_owned(), text::visible)
        );
    }
    let rows: Vec<_> = listeners
        .iter()
        .map(|listener| serde_json::json!({"protocol": listener.protocol, "address": listener.address.to_string(), "program": listener.program}))
        .collect();
    Ok((out, rows.into()))
}

fn metadata(image: &Image) -> Result<(String, serde_json::Value), Failure> {
    let live = image.live().ok_or_else(|| only_live("instance metadata"))?;
    match live.metadata() {
        Answer::Forbidden => Err(Failure::Failed("the metadata service was not asked: --no-imds".into())),
        Answer::None(reason) => Err(Failure::Failed(format!("no instance metadata: {}", text::visible(reason)))),
        Answer::Found { document, product_codes, token_required, .. } => {
            let mut out = String::new();
            for (key, value) in document {
                let _ = writeln!(out, "{}={}", text::visible(key), text::visible(value));
            }
            Ok((
                out,
                serde_json::json!({"document": document, "product_codes": product_codes, "token_required": token_required}),
            ))
        }
    }
}
