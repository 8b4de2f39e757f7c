use std::path::Path;

use crate::change::diff;
use crate::change::trial::{mended, remedy_of};
use crate::change::{Change, Left, Remedy};
use crate::check::Status;
use crate::check::trial::judged;
use crate::image::fixture::Fixture;

const PASSWORD: &str = "Tr0ub4dor3x";

fn token() -> String {
    ["glpat", "-Jq7Rk2Wv9Zx4Tn8Bc3Mf"].concat()
}

/// A key that decodes, made for this test alone.
fn key() -> String {
    use base64ct::Encoding as _;
    let random = ring::rand::SystemRandom::new();
    let document = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let label = ["PRIVATE", " KEY"].concat();
    let body = base64ct::Base64::encode_string(document.as_ref());
    let (first, rest) = body.split_at(64);
    format!("-----BEGIN {label}-----\n{first}\n{rest}\n-----END {label}-----\n")
}

/// What is left of the only file at `path` after the remedy of `id`; `None` when it is gone.
fn left_of(id: &str, path: &str, text: &str) -> Option<String> {
    let fixture = Fixture::debian();
    fixture.file(path, text);
    let draft = mended(&fixture.image(), id);
    draft.read_text(Path::new(path)).unwrap()
}

/// Why the only file at `path` is left to a person.
fn by_hand(id: &str, path: &str, text: impl AsRef<[u8]>) -> String {
    let fixture = Fixture::debian();
    fixture.file(path, text.as_ref());
    let image = fixture.image();
    assert_eq!(judged(&image, id).status, Status::Fail, "{path}");
    match remedy_of(&image, id) {
        Some(Remedy::ByHand(why)) => why,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn a_line_that_sets_one_thing_goes_and_nothing_else() {
    let secret = format!("DB_PASSWORD={PASSWORD}");
    for (path, before, after) in [
        ("/opt/app/.env", format!("A=1\n{secret}\nB=2\n"), "A=1\nB=2\n"),
        ("/opt/app/.env.production", format!("export {secret}\r\nB=2\r\n"), "B=2\r\n"),
        ("/etc/default/app", format!("OPTS=\"-v\"\n{secret}"), "OPTS=\"-v\"\n"),
        ("/etc/app/app.ini", format!("[db]\npassword = \"{PASSWORD}\"\nhost = h\n"), "[db]\nhost = h\n"),
        ("/etc/app/app.properties", format!("db.password={PASSWORD}\na=b\n"), "a=b\n"),
        ("/etc/app/app.conf", format!("# a\npassword: {PASSWORD}\nport: 1\n"), "# a\nport: 1\n"),
        (
            "/etc/systemd/system/app.service",
            format!("[Service]\nEnvironment=\"{secret}\"\nExecStart=/x\n"),
            "[Service]\nExecStart=/x\n",
        ),
        ("/etc/systemd/system/app.service.d/a.conf", format!("[Service]\nEnvironment={secret}\n"), "[Service]\n"),
        ("/etc/cron.d/app", format!("{secret}\n0 1 * * * root /x\n"), "0 1 * * * root /x\n"),
        ("/opt/app/run.sh", format!("#!/bin/sh\nset -e\n{secret}\nexec /x\n"), "#!/bin/sh\nset -e\nexec /x\n"),
        ("/etc/profile.d/app.sh", format!("export API_TOKEN={}\nexport A=b\n", token()), "export A=b\n"),
    ] {
        assert_eq!(left_of("SEC-04", path, &before).as_deref(), Some(after), "{path}");
    }
}

#[test]
fn more_lines_than_a_file_may_list_all_go() {
    let secret = |number| format!("A{number}_PASSWORD=Tr0ub4dor3x{number}\n");
    let secrets = (0..50).map(secret).collect::<Vec<_>>().concat();
    assert_eq!(left_of("SEC-04", "/opt/app/.env", &format!("A=1\n{secrets}B=2\n")).as_deref(), Some("A=1\nB=2\n"));
}

#[test]
fn a_file_that_is_nothing_but_a_secret_goes() {
    assert_eq!(left_of("SEC-04", "/opt/app/token", &format!("# from the portal\n{}\n", token())), None);
    assert_eq!(
        left_of("SEC-04", "/srv/app/.pgpass", &format!("h:5432:db:user:{PASSWORD}\npassword={PASSWORD}\n")),
        None
    );
    assert_eq!(left_of("SEC-03", "/opt/app/deploy.key", &key()), None);
    assert_eq!(left_of("SEC-03", "/opt/app/deploy.key", &format!("# ours\n{}\n{}", key(), key())), None);
}

#[test]
fn of_a_text_that_holds_more_only_the_key_goes() {
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let text = format!("{certificate}{}{certificate}", key());
    assert_eq!(left_of("SEC-03", "/opt/app/bundle.pem", &text), Some(format!("{certificate}{certificate}")));
}

#[test]
fn what_more_depends_on_is_left_to_a_person_with_its_place() {
    let secret = format!("DB_PASSWORD={PASSWORD}");
    for (path, text, word) in [
        ("/opt/app/config.json", format!("{{\n  \"password\": \"{PASSWORD}\"\n}}\n"), "plain lines"),
        (
            "/opt/app/compose.yml",
            format!("services:\n  db:\n    environment:\n      password: {PASSWORD}\n"),
            "plain lines",
        ),
        ("/opt/app/app.py", format!("password = \"{PASSWORD}\"\n"), "plain lines"),
        ("/etc/systemd/system/a.service", format!("[Service]\nEnvironment=A=b {secret}\n"), "more than the secret"),
        (
            "/etc/systemd/system/b.service",
            format!("[Service]\nEnvironment={secret} \\\n  A=b\n"),
            "more than the secret",
        ),
        ("/opt/app/a.sh", format!("#!/bin/sh\nif true; then\n{secret}\nfi\n"), "more than the secret"),
        ("/opt/app/b.sh", format!("#!/bin/sh\ncat > /x <<EOF\n{secret}\nEOF\n"), "more than the secret"),
        ("/opt/app/c.sh", format!("#!/bin/sh\nX=\"a\n{secret}\nb\"\n"), "more than the secret"),
        ("/opt/app/d.sh", format!("#!/bin/sh\n{secret} /opt/app/run\n"), "more than the secret"),
        ("/etc/app/a.ini", format!("password = {PASSWORD}\n  goes on\n"), "more than the secret"),
        ("/etc/app/a.conf", format!("a {{ password = {PASSWORD} }}\n"), "more than the secret"),
    ] {
        let why = by_hand("SEC-04", path, text);
        assert!(why.contains(word) && why.contains(path) && why.contains(", line "), "{why}");
        assert!(!why.contains("Tr0ub"), "{why}");
    }
    let key = key();
    assert!(by_hand("SEC-03", "/opt/app/app.py", format!("KEY = \"\"\"\n{key}\"\"\"\n")).contains("plain lines"));
    assert!(by_hand("SEC-03", "/opt/app/bin", format!("\u{7f}ELF\0\n{key}")).contains("binary"));
    assert!(by_hand("SEC-03", "/var/lib/docker/overlay2/a/diff/k.pem", key).contains("layer"));
}

#[test]
fn what_a_configuration_names_or_a_link_leads_to_stays() {
    let fixture = Fixture::debian();
    fixture.file("/etc/ssl/private/site.key", key()).file("/etc/ssl/private/site.key.old", key());
    fixture
        .file("/etc/nginx/site", "# /etc/ssl/private/site.key.old\nssl_certificate_key /etc/ssl/private/site.key;\n");
    fixture.file("/opt/app/real.key", key()).link("/etc/app.key", "/opt/app/real.key");
    let image = fixture.image();
    let Some(Remedy::Part { changes, left }) = remedy_of(&image, "SEC-03") else { panic!("a part") };
    let [Change::Path { path, after: None, .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(path, Path::new("/etc/ssl/private/site.key.old"));
    let whys: Vec<&str> = left.iter().map(|Left { what, .. }| what.as_str()).collect();
    assert_eq!(whys.len(), 2, "{whys:?}");
    assert!(
        whys[0].contains("/etc/nginx/site, line 2, names it") && whys[0].starts_with("/etc/ssl/private/site.key: ")
    );
    assert!(whys[1].contains("the link /etc/app.key leads to it"));
}

#[test]
fn a_key_stays_where_not_every_configuration_can_be_searched() {
    let deep = format!("/opt/app{}/x/a.conf", "/d".repeat(70));
    for (path, size, why) in [("/etc/large.conf", (4 << 20) + 1, "larger than"), (&deep, 1, "directories deep")] {
        let fixture = Fixture::debian();
        fixture.file("/opt/app/site.key", key()).file(path, vec![b'x'; size]);
        let remedy = remedy_of(&fixture.image(), "SEC-03");
        assert!(matches!(&remedy, Some(Remedy::ByHand(said)) if said.contains(why)), "{remedy:?}");
    }
}

#[test]
fn a_key_that_is_named_from_where_only_the_service_knows_stays() {
    for (config, line) in [
        ("/etc/nginx/nginx.conf", "ssl_certificate_key certs/site.key;"),
        ("/etc/nginx/nginx.conf", "ssl_certificate_key ../nginx/certs/site.key;"),
        ("/opt/app/app.conf", "key = ${ROOT}/certs/site.key"),
        ("/usr/local/bin/start", "exec serve --key /etc/nginx/certs/site.key"),
    ] {
        let fixture = Fixture::debian();
        fixture.file("/etc/nginx/certs/site.key", key()).file(config, line);
        let remedy = remedy_of(&fixture.image(), "SEC-03");
        assert!(matches!(remedy, Some(Remedy::ByHand(_))), "{line}: {remedy:?}");
    }
}

#[test]
fn a_plan_takes_what_it_can_and_says_what_is_left() {
    let fixture = Fixture::debian();
    fixture.file("/opt/app/.env", format!("DB_PASSWORD={PASSWORD}\n"));
    fixture.file("/opt/app/config.json", format!("{{\n \"password\": \"{PASSWORD}\"\n}}\n"));
    let image = fixture.image();
    let catalogue = crate::catalogue::Catalogue::built_in().unwrap();
    let (context, findings) = crate::check::survey(
        &image,
        &catalogue,
        crate::check::trial::context(),
        &crate::image::walk::Control::default(),
        &|_| {},
    );
    let plan = crate::change::plan(&image, &catalogue, &findings, &context, &["SEC-04".to_owned()]);
    assert_eq!((plan.refused.as_slice(), plan.steps.len(), plan.left.len()), (&[][..], 1, 1));
    assert!(plan.left[0].reason.starts_with("/opt/app/config.json, line 2: "), "{:?}", plan.left);
}

#[test]
fn what_keeps_the_machine_reachable_is_not_touched() {
    let line = format!("psk={PASSWORD}\npassword={PASSWORD}\n");
    let why = by_hand("SEC-04", "/etc/network/wifi.conf", line);
    assert!(why.contains("may not be reached"), "{why}");
}

#[test]
fn a_cut_line_is_shown_masked() {
    let fixture = Fixture::debian();
    let text = format!("HOST=db.example\nDB_PASSWORD={PASSWORD}\n# {PASSWORD}\n{}\n", token());
    fixture.file("/etc/default/app", text);
    let Some(Remedy::Part { changes, .. } | Remedy::Changes(changes)) = remedy_of(&fixture.image(), "SEC-04") else {
        panic!()
    };
    let shown = diff::of(&changes[0], 3);
    let lines: Vec<String> =
        shown.hunks.iter().flatten().map(|line| line.pieces.iter().map(|(_, text)| text.as_str()).collect()).collect();
    assert!(shown.masked && !lines.is_empty());
    let all = lines.join("\n");
    assert!(all.contains("DB_PASSWORD=Tr0… (8 more characters)"), "{all}");
    assert!(!all.contains("Tr0ub") && !all.contains("ghp_J"), "{all}");
}

#[test]
fn aws_keys_in_other_texts_are_replaced() {
    let id = ["AKIA", "QX7RT2ZLM4WB6KDP"].concat();
    assert_eq!(
        left_of("SEC-01", "/opt/app/config.json", &format!("{{\"id\": \"{id}\"}}\n")).as_deref(),
        Some("{\"id\": \"REMOVED\"}\n")
    );
    let fixture = Fixture::debian();
    fixture
        .file("/opt/app/.env", format!("A=1\nAWS_ACCESS_KEY_ID={id}\n"))
        .file("/opt/app/app.db", format!("\0{id}\n"));
    let Some(Remedy::Part { changes, left }) = remedy_of(&fixture.image(), "SEC-01") else { panic!() };
    assert_eq!((changes.len(), left.len()), (1, 1));
    assert!(left[0].what.contains("/opt/app/app.db") && left[0].what.contains("role of the instance"));
}

#[test]
fn what_the_playbook_allows_stays_beside_what_goes() {
    let fixture = Fixture::debian();
    fixture.file("/opt/app/.env", format!("API_TOKEN={}\nDB_PASSWORD={PASSWORD}\nA=1\n", token()));
    let image = fixture.image();
    let guideline = crate::check::trial::guideline("SEC-04");
    let mut context = crate::check::trial::context();
    context.sweep = Some(std::sync::Arc::new(crate::check::sweep::sweep(
        &image,
        &crate::image::walk::Control::new(),
        &|_| (),
        &|_| (),
    )));
    let finding = crate::check::judge(&image, &guideline, &context);
    let rule = finding.observations[0].rule.clone().expect("a rule");
    let entry = crate::playbook::Allow {
        path: "/opt/app/.env".into(),
        rule,
        reason: "A sandbox that everybody may use.".into(),
        until: context.today,
        by: None,
    };
    context.allow = std::sync::Arc::from([entry]);
    let catalogue =
        crate::catalogue::Catalogue { guidelines: vec![guideline], ..crate::catalogue::Catalogue::built_in().unwrap() };
    let findings = vec![("SEC-04".to_owned(), crate::check::judge(&image, &catalogue.guidelines[0], &context))];
    let plan = crate::change::plan(&image, &catalogue, &findings, &context, &["SEC-04".to_owned()]);
    assert_eq!(plan.refused, []);
    let after = image.drafted(plan.overlay).read_text(Path::new("/opt/app/.env")).unwrap().unwrap();
    assert_eq!(after, format!("API_TOKEN={}\nA=1\n", token()));
}
