use proptest::prelude::*;

use super::*;

/// An AMI without a fault, as `aws ec2 describe-images` prints it.
pub(crate) const GOOD: &str = include_str!("../../../tests/fixtures/describe-images.json");

/// What `aws ec2 describe-snapshots` prints for its volume.
const SNAPSHOTS: &str = include_str!("../../../tests/fixtures/describe-snapshots.json");

/// The AMI in `texts`.
pub(crate) fn ami(texts: &[&str]) -> Result<Ami, Refused> {
    let file = |(number, text): (usize, &&str)| {
        let name = format!("{number}.json");
        (Handed { name, sha256: "00".repeat(32) }, text.as_bytes().to_vec())
    };
    Ami::read(texts.iter().enumerate().map(file).collect())
}

/// [`GOOD`] with one text in place of another.
pub(crate) fn with(what: &str, by: &str) -> Ami {
    assert!(GOOD.contains(what), "{what}");
    ami(&[&GOOD.replace(what, by)]).unwrap()
}

fn refusal(texts: &[&str]) -> String {
    ami(texts).expect_err("it must be refused").to_string()
}

/// The object alone, as `--query 'Images[0]'` prints it.
fn bare() -> String {
    let value: serde_json::Value = serde_json::from_str(GOOD).unwrap();
    value["Images"][0].to_string()
}

#[test]
fn the_output_of_both_commands_is_read_in_any_order() {
    for texts in [[GOOD, SNAPSHOTS], [SNAPSHOTS, GOOD]] {
        let ami = ami(&texts).unwrap();
        assert_eq!((ami.image.id(), ami.image.is_whole()), ("ami-0123456789abcdef0", true));
        let (mapping, ebs) = ami.from_snapshots().next().unwrap();
        assert_eq!((mapping.name(), ebs.volume_size, ebs.encrypted), ("/dev/xvda", Some(8), Some(false)));
        assert_eq!(ami.snapshot(ebs).and_then(|snapshot| snapshot.volume_size), Some(8));
        assert_eq!(ami.files.len(), 2);
    }
}

#[test]
fn what_a_query_takes_out_of_it_is_read() {
    let one = bare();
    for text in [one.clone(), format!("[{one}]"), format!("\u{feff}\n {GOOD}"), format!("[{GOOD}]")] {
        assert_eq!(ami(&[&text]).unwrap().image.name.as_deref(), Some("acme-gateway-4.2-2026-11-20"), "{text}");
    }
    let cut = ami(&[r#"[{"ImageId": "ami-1", "ProductCodes": null}]"#]).unwrap();
    assert!(!cut.image.is_whole());
    let snapshots = r#"[{"SnapshotId": "snap-1"}, {"SnapshotId": "snap-2", "Encrypted": true}]"#;
    assert_eq!(ami(&[&one, snapshots]).unwrap().snapshots.len(), 2);
}

#[test]
fn a_wrong_file_is_refused_with_what_was_expected() {
    let two = format!("[{0},{0}]", bare());
    for (text, words) in [
        ("", "0.json: it is empty; make it with `aws ec2 describe-images"),
        ("Images:\n- ImageId: ami-1\n", "it is no JSON; make it"),
        ("IMAGES\tx86_64\t2026-11-20", "it is no JSON; make it"),
        ("{\n\"Images\": [\n{\"ImageId\": }]}", "0.json: line 3: expected value; make it"),
        (r#"{"Images": []}"#, "it describes no AMI; check the id and the Region"),
        ("[]", "it describes no AMI"),
        (&two, "it describes 2 AMIs; name the one you publish"),
        (r#"{"Reservations": []}"#, "it describes neither AMIs nor snapshots"),
        (r#"{"ImageId": "ami-1", "InstanceId": "i-1"}"#, "it describes neither AMIs nor snapshots"),
        (r#"{"Images": {"ImageId": "ami-1"}}"#, "invalid type: map, expected a sequence"),
        ("{\"Images\": [{\n\"EnaSupport\": \"yes\"}]}", "line 2: invalid type: string \"yes\", expected a boolean"),
        (SNAPSHOTS, "snapshots alone say little; pass the output of `aws ec2 describe-images"),
    ] {
        let message = refusal(&[text]);
        assert!(message.contains(words) && !message.contains('\n'), "{message}");
    }
    assert!(refusal(&[GOOD, GOOD]).starts_with("1.json: an AMI was passed already"));
    let not_text = Ami::read(vec![(Handed { name: "x".into(), sha256: String::new() }, b"\xff\xfe{\0".to_vec())]);
    assert!(not_text.unwrap_err().to_string().contains("not UTF-8"));
}

/// Any JSON, with the names that matter among its keys.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z0-9:TZ.-]{0,12}".prop_map(Into::into),
    ];
    let keys = vec!["Images", "Snapshots", "ImageId", "SnapshotId", "BlockDeviceMappings", "Ebs", "VolumeSize", "Name"];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let map = proptest::collection::btree_map(proptest::sample::select(keys.clone()), inner.clone(), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Into::into),
            map.prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_survived(value in json()) {
        let _ = ami(&[&value.to_string()]);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_cut_file_is_survived(length in 0..GOOD.len()) {
        prop_assert!(parse(&GOOD.as_bytes()[..length]).is_err() || length + 1 >= GOOD.len());
    }
}
