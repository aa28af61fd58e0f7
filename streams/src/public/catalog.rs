//! Every type of public event: its version, its schema, and what of the log's payload it leaves out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use domain::Event;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::schema;

/// A type of public event in the one version that is sent: the newest.
#[derive(Debug)]
pub struct PublicType {
    /// The slice whose topic it is sent to, for instance `lead`.
    pub slice: &'static str,
    /// Its name, for instance `lead.captured`; `custom.*` stands for a family of names that tenants make up.
    pub name: &'static str,
    /// The version of the data's shape.
    pub version: u16,
    /// The data's JSON Schema (draft 7), whole in itself.
    pub schema: Value,
    /// The members of the data that say something about a person.
    pub personal: BTreeSet<String>,
    /// The members of the log's payload that never leave.
    pub secret: BTreeSet<String>,
}

impl PublicType {
    /// The name in file names and URNs: a family's without its star.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        self.name.trim_end_matches(".*")
    }

    /// The schema's name, which every event of the type carries as `dataschema`.
    #[must_use]
    pub fn urn(&self) -> String {
        format!("urn:annals:event:{}:{}", self.stem(), self.version)
    }
}

/// All types, in the order of their slices and names.
#[must_use]
pub fn public_types() -> &'static [PublicType] {
    &CATALOG.types
}

/// The type under which an event of this stored name is sent.
#[must_use]
pub fn public_type(event_type: &str) -> Option<&'static PublicType> {
    let family = || event_type.split_once('.').map(|(family, _)| family);
    let index = CATALOG
        .names
        .get(event_type)
        .or_else(|| CATALOG.names.get(family()?))?;
    CATALOG.types.get(*index)
}

/// The slices that have events.
pub fn slices() -> impl Iterator<Item = &'static str> {
    Event::AGGREGATE_TYPES.iter().copied()
}

struct Catalog {
    types: Vec<PublicType>,
    /// By stored name, families without their star.
    names: BTreeMap<&'static str, usize>,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut generator = SchemaSettings::draft07().for_serialize().into_generator();
    let schemas = Event::schemas(&mut generator);
    let definitions = generator.take_definitions(true);
    let versions: BTreeMap<_, _> = Event::catalog().into_iter().collect();
    let mut types = Vec::new();
    for (slice, union) in schemas {
        let union = schema::inlined(union.to_value(), &definitions);
        for (name, version) in versions.get(slice).copied().unwrap_or_default() {
            types.extend(of_variant(slice, name, *version, &union));
        }
    }
    types.sort_by_key(|public| (public.slice, public.name));
    let names = types.iter().enumerate();
    let names = names.map(|(index, public)| (public.stem(), index)).collect();
    Catalog { types, names }
});

/// One variant of a slice's events as a public type.
fn of_variant(slice: &'static str, name: &'static str, version: u16, union: &Value) -> Option<PublicType> {
    // A stored name ends with its variant's; the families of facts have one variant for all names.
    let tag = match name.strip_suffix(".*") {
        Some(_) => "recorded",
        None => name.split_once('.')?.1,
    };
    let variants = union.get("oneOf")?.as_array()?;
    let variant = variants
        .iter()
        .find(|variant| variant["properties"].get(tag).is_some())?;
    let mut data = variant["properties"][tag].clone();
    let description = [&data["description"], &variant["description"]]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let personal = schema::marked(&data, "x-personal");
    let secret = schema::marked(&data, "x-secret");
    schema::make_public(&mut data, &personal, &secret);
    let mut public = PublicType {
        slice,
        name,
        version,
        schema: Value::Null,
        personal,
        secret,
    };
    public.schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": public.urn(),
        "title": name,
        "description": description,
        "type": "object",
        "properties": data.get("properties").cloned().unwrap_or_else(|| json!({})),
        "required": data.get("required").cloned().unwrap_or_else(|| json!([])),
    });
    Some(public)
}
