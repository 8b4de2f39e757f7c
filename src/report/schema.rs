//! The JSON Schemas of what programs read: the report, what `verify --json` says, and what `report diff --format json`
//! says.
//!
//! They are made from the types by the test here, which fails when a file is not what they say. A released one never
//! changes: another form gets another number at the end of its format's name, and with it another `$id`.

use crate::texts::text;

/// What there is a schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `report.json`: `seaworthy.report/1`.
    Report,
    /// `verify --json`: `seaworthy.verify/1`, and `seaworthy.verify-pair/1` for a build and its audit.
    Verify,
    /// `report diff --format json`: `seaworthy.report-diff/1`.
    Diff,
}

/// JSON Schema, draft 2020-12, of `document`.
pub fn schema(document: Document) -> &'static str {
    text(match document {
        Document::Report => "report/schema/report.json",
        Document::Verify => "report/schema/verify.json",
        Document::Diff => "report/schema/diff.json",
    })
}

#[cfg(test)]
mod tests {
    use schemars::transform::{RecursiveTransform, Transform};
    use schemars::{JsonSchema, Schema, generate::SchemaSettings};
    use serde_json::{Value, json};

    use super::*;
    use crate::catalogue::schema::tests::for_editors;
    use crate::report::compare::Pair;
    use crate::report::verify::{PairVerification, Verification};
    use crate::report::{FORMAT, Report};

    /// What `verify --json` says, of one report or of two.
    #[derive(JsonSchema)]
    #[schemars(untagged)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    enum Verified {
        One(Box<Verification>),
        Two(Box<PairVerification>),
    }

    /// Closed objects, numbers that every reader reads alike, and the words of JSON instead of Rust's.
    fn as_written(schema: &mut Schema) {
        if schema.get("properties").is_some() {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        let is_number = |format: &Value| matches!(format.as_str(), Some("uint" | "uint64"));
        if schema.get("format").is_some_and(is_number) {
            schema.insert("maximum".to_owned(), json!((1_u64 << 53) - 1));
        }
        for_editors(schema);
        if let Some(Value::String(text)) = schema.get("description") {
            let text = text.replace("`None`", "`null`").replace("`super`", "`seaworthy verify --help`");
            schema.insert("description".to_owned(), text.into());
        }
    }

    fn of<T: JsonSchema>(title: &str, name: &str) -> Value {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<T>();
        RecursiveTransform(as_written).transform(&mut schema);
        schema.insert("title".to_owned(), title.into());
        schema.insert("$id".to_owned(), format!("urn:{}", name.replace(['.', '/'], ":")).into());
        schema.to_value()
    }

    fn generated(document: Document) -> String {
        let format = |at: &mut Value, name: &str| at["properties"]["format"] = json!({"const": name});
        let value = match document {
            Document::Report => {
                let mut value = of::<Report>("A report of Seaworthy", FORMAT);
                format(&mut value, FORMAT);
                value
            }
            Document::Verify => {
                let mut value = of::<Verified>("What seaworthy verify --json says", "seaworthy.verify/1");
                format(&mut value["$defs"]["Verification"], "seaworthy.verify/1");
                format(&mut value["$defs"]["PairVerification"], "seaworthy.verify-pair/1");
                value
            }
            Document::Diff => {
                let name = "seaworthy.report-diff/1";
                let mut value = of::<Pair>("What seaworthy report diff --format json says", name);
                format(&mut value, name);
                value
            }
        };
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the files are among the sources")]
    fn the_schemas_are_what_the_types_say() {
        for (document, name) in [(Document::Report, "report"), (Document::Verify, "verify"), (Document::Diff, "diff")] {
            let wanted = generated(document);
            let path = format!("{}/src/report/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
                std::fs::write(path, wanted).unwrap();
            } else {
                let how = "make it anew: INSTA_UPDATE=always cargo test --lib report::schema";
                assert!(schema(document) == wanted, "{name}.json: {how}");
            }
        }
    }

    #[test]
    fn every_object_is_closed_and_every_field_is_there() {
        fn look(value: &Value) {
            if let Some(properties) = value.get("properties").and_then(Value::as_object) {
                assert_eq!(value["additionalProperties"], Value::Bool(false), "{value}");
                let required = value["required"].as_array().unwrap();
                assert_eq!(required.len(), properties.len(), "`null` rather than absent: {value}");
            }
            match value {
                Value::Object(fields) => fields.values().for_each(look),
                Value::Array(items) => items.iter().for_each(look),
                _ => {}
            }
        }
        for document in [Document::Report, Document::Verify, Document::Diff] {
            look(&serde_json::from_str(&generated(document)).unwrap());
        }
    }
}
