//! The JSON Schema of rule files, for editors that complete and check TOML as it is typed.
//!
//! `schema.json` is made from the types in [`super::rule`] by the test here, which fails when it is not what they say.

use crate::texts::text;

/// JSON Schema, draft 2020-12.
pub fn schema() -> &'static str {
    text("catalogue/schema.json")
}

#[cfg(test)]
pub(crate) mod tests {
    use schemars::transform::{RecursiveTransform, Transform};
    use schemars::{Schema, generate::SchemaSettings};
    use serde_json::{Value, json};

    use crate::catalogue::load::RuleFile;

    /// Descriptions as they read outside of Rust; no defaults, which an editor would fill in.
    pub(crate) fn for_editors(schema: &mut Schema) {
        schema.remove("default");
        if let Some(Value::String(text)) = schema.get("description") {
            let mut plain = String::new();
            for (number, part) in text.split("[`").enumerate() {
                match part.split_once("`]").filter(|_| number > 0) {
                    Some((link, rest)) => {
                        let name = link.rsplit("::").next().unwrap_or(link);
                        plain.extend(["`", name, "`", rest]);
                    }
                    None => plain.push_str(part),
                }
            }
            let paragraphs: Vec<_> = plain.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
            schema.insert("description".to_owned(), paragraphs.join("\n\n").into());
        }
    }

    fn generated() -> String {
        let settings = SchemaSettings::draft2020_12();
        let mut schema = settings.into_generator().into_root_schema_for::<RuleFile>();
        RecursiveTransform(for_editors).transform(&mut schema);
        schema.insert("title".to_owned(), "Guidelines of Seaworthy".into());
        let mut value = schema.to_value();
        let guideline = &mut value["$defs"]["Guideline"];
        let to_judge = json!({"required": ["to_judge"], "properties": {"to_judge": {"minItems": 1}}});
        let key_asked = json!({"required": ["kind"], "properties": {"kind": {"const": "key-asked"}}});
        let asks_a_person = json!([
            {"const": "attest"},
            {"type": "object", "required": ["evidence"]},
            {"type": "object", "required": ["absent"], "properties": {"absent": to_judge}},
            {"type": "object", "required": ["swept"], "properties": {"swept": key_asked}},
        ]);
        guideline["if"] = json!({"properties": {"check": {"anyOf": asks_a_person}}, "required": ["check"]});
        guideline["then"] = json!({"required": ["attest"]});
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the file is one of the sources")]
    fn the_schema_is_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalogue/schema.json");
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            std::fs::write(path, generated()).unwrap();
        } else {
            let wanted = generated();
            assert!(super::schema() == wanted, "make it anew: INSTA_UPDATE=always cargo test --lib catalogue::schema");
        }
    }
}
