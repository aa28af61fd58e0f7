//! The schema as its introspection tells it, and documents built from it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::house::House;

const QUERY: &str = "{ __schema { queryType { name } mutationType { name } subscriptionType { name } types { \
    kind name fields(includeDeprecated: true) { name args { ...A } type { ...T } } \
    inputFields { ...A } enumValues { name } possibleTypes { name } } } } \
    fragment A on __InputValue { name description defaultValue type { ...T } } \
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// How deep a selection goes into what a field returns.
const DEPTH: usize = 4;

/// The schema's types by name.
pub(crate) struct Schema(BTreeMap<String, Value>);

/// Makes the values of arguments whose type is an id or a cursor; for the rest there are fixed ones.
pub(crate) trait Values {
    /// An `ID` that the argument `name` takes.
    fn id(&self, name: &str) -> Value;
    /// A `ULID`.
    fn ulid(&self) -> Value;
    /// A global id.
    fn node(&self) -> Value;
    /// A `Cursor`, or nothing.
    fn cursor(&self, name: &str) -> Option<Value>;
}

/// A root field with what it takes.
pub(crate) struct RootField<'a> {
    pub(crate) name: &'a str,
    arguments: &'a [Value],
    output: &'a Value,
}

impl Schema {
    pub(crate) async fn of(house: &House, token: &str) -> Self {
        let data = house.ask(token, QUERY, json!({})).await;
        let types = data["__schema"]["types"].as_array().unwrap().iter();
        Self(
            types
                .map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()))
                .collect(),
        )
    }

    /// The fields of `Query`, `Mutation` or `Subscription`.
    pub(crate) fn root(&self, root: &str) -> Vec<RootField<'_>> {
        let fields = self.0[root]["fields"].as_array().unwrap().iter();
        fields
            .map(|field| RootField {
                name: field["name"].as_str().unwrap(),
                arguments: field["args"].as_array().unwrap(),
                output: &field["type"],
            })
            .collect()
    }

    /// Whether a field takes an argument.
    pub(crate) fn takes(field: &RootField<'_>, argument: &str) -> bool {
        field.arguments.iter().any(|one| one["name"] == argument)
    }

    /// The type of a field of what a root field returns; `None` when there is no such field.
    pub(crate) fn returned(&self, field: &RootField<'_>, name: &str) -> Option<String> {
        let fields = self.0[named(field.output)]["fields"].as_array()?;
        let found = fields.iter().find(|one| one["name"] == name)?;
        Some(written(&found["type"]))
    }

    /// Whether a field takes an id or a cursor anywhere in its arguments.
    pub(crate) fn takes_an_id(&self, field: &RootField<'_>) -> bool {
        field
            .arguments
            .iter()
            .any(|argument| self.names_something(&argument["type"]))
    }

    /// Whether a field must be given an id.
    pub(crate) fn needs_an_id(&self, field: &RootField<'_>) -> bool {
        let is_required = |input: &&Value| input["type"]["kind"] == "NON_NULL";
        field.arguments.iter().filter(is_required).any(|argument| {
            let name = named(&argument["type"]);
            let of_input = || self.0[name]["inputFields"].as_array().into_iter().flatten();
            // What may be given an id of its own makes something, whatever else it names.
            let makes = of_input().any(|input| input["name"] == "id" && !is_required(&input));
            let mut required = of_input().filter(is_required);
            is_id(name) || (!makes && required.any(|input| is_id(named(&input["type"]))))
        })
    }

    /// The values by which a root field can be ordered, if it can.
    pub(crate) fn order_fields(&self, field: &RootField<'_>) -> Option<Vec<&str>> {
        let order = field
            .arguments
            .iter()
            .find(|argument| argument["name"] == "orderBy")?;
        let inputs = self.0[named(&order["type"])]["inputFields"].as_array()?;
        let by = inputs.iter().find(|input| input["name"] == "field")?;
        let values = self.0[named(&by["type"])]["enumValues"].as_array()?.iter();
        Some(values.filter_map(|value| value["name"].as_str()).collect())
    }

    fn names_something(&self, kind: &Value) -> bool {
        let name = named(kind);
        let mut inputs = self.0[name]["inputFields"].as_array().into_iter().flatten();
        is_id(name) || name == "Cursor" || inputs.any(|input| self.names_something(&input["type"]))
    }

    /// A document that asks for all that the field returns, with all ids given.
    pub(crate) fn document(
        &self,
        operation: &str,
        field: &RootField<'_>,
        values: &dyn Values,
    ) -> (String, Value) {
        let mut variables = Map::new();
        let (mut declared, mut passed) = (String::new(), String::new());
        for argument in field.arguments {
            let name = argument["name"].as_str().unwrap();
            let path = format!("{}({name}:)", field.name);
            if let Some(value) = self.value(&path, name, argument, values) {
                declared += &format!("${name}: {} ", written(&argument["type"]));
                passed += &format!("{name}: ${name} ");
                variables.insert(name.to_owned(), value);
            }
        }
        let parenthesised = |text: String| {
            if text.is_empty() {
                text
            } else {
                format!("({})", text.trim())
            }
        };
        let selection = self.selection(field.output, DEPTH).unwrap_or_default();
        let (declared, passed) = (parenthesised(declared), parenthesised(passed));
        let document = format!("{operation}{declared} {{ {}{passed} {selection} }}", field.name);
        (document, Value::Object(variables))
    }

    /// A value for an argument or an input's field; nothing for one that may be left out and names nothing.
    fn value(&self, path: &str, name: &str, input: &Value, values: &dyn Values) -> Option<Value> {
        let kind = &input["type"];
        let is_required = kind["kind"] == "NON_NULL" && input["defaultValue"].is_null();
        // A page is as long as it may be, so that nothing hides behind its end.
        let is_page = name == "first";
        // What the first kind needs: of an alert its meter, of a baseline its days.
        let is_of_kind = path == "defineAlert(input:).meter"
            || path == "registerRoiBaseline(input:).basis.firstDay"
            || path == "registerRoiBaseline(input:).basis.lastDay";
        if !is_required && !is_page && !is_of_kind && !self.names_something(kind) {
            return None;
        }
        // What takes a tenant's id takes its ULID; what takes any id, a global one.
        let description = input["description"].as_str().unwrap_or_default();
        let value = match named(kind) {
            "ID" if description.starts_with("The tenant's id") => Some(values.ulid()),
            "ID" if path == "node(id:)" => Some(values.node()),
            "ID" if path == "nodes(ids:)" => Some(json!([values.node()])),
            _ => self.typed(path, name, kind, values),
        };
        // An object that may be left out, and of which nothing is given, is left out.
        value.filter(|value| is_required || *value != json!({}))
    }

    fn typed(&self, path: &str, name: &str, kind: &Value, values: &dyn Values) -> Option<Value> {
        let type_name = kind["name"].as_str().unwrap_or_default();
        match kind["kind"].as_str().unwrap_or_default() {
            "NON_NULL" => self.typed(path, name, &kind["ofType"], values),
            "LIST" => self
                .typed(path, name, &kind["ofType"], values)
                .map(|one| json!([one])),
            "ENUM" => Some(self.0[type_name]["enumValues"][0]["name"].clone()),
            // A replay needs both ends; they are the past of every test.
            "INPUT_OBJECT" if path == "replay(from:)" => Some(json!({ "time": "2026-01-01T00:00:00Z" })),
            "INPUT_OBJECT" if path == "replay(to:)" => Some(json!({ "time": "2026-03-02T12:00:00Z" })),
            // One of two; both would be refused.
            "INPUT_OBJECT" if path == "meterRatio(of:)" => Some(json!({ "code": "sales.conversion_rate" })),
            "INPUT_OBJECT" => {
                let mut object = Map::new();
                for field in self.0[type_name]["inputFields"].as_array().unwrap() {
                    let name = field["name"].as_str().unwrap();
                    if let Some(value) = self.value(&format!("{path}.{name}"), name, field, values) {
                        object.insert(name.to_owned(), value);
                    }
                }
                Some(Value::Object(object))
            }
            _ => match type_name {
                // An entity is named by a global id, or by its kind and its id.
                "ID" if name == "entity" => match values.id(name) {
                    Value::String(id) if !id.starts_with('~') => Some(json!(format!("lead/{id}"))),
                    global => Some(global),
                },
                "ID" => Some(values.id(name)),
                "ULID" => Some(values.ulid()),
                // The one that must be given; `asOf` has a field of that name which may be left out.
                "Cursor" if path == "inclusionProof(cursor:)" => values.cursor("inclusionProof"),
                "Cursor" => values.cursor(name),
                "Boolean" => Some(json!(true)),
                "Int" => Some(json!(if name == "first" { 100 } else { 1 })),
                "Decimal" => Some(json!("1.00")),
                "DateTime" => Some(json!("2026-03-01T12:00:00Z")),
                "Date" => Some(json!(if name == "to" { "2026-12-31" } else { "2026-01-01" })),
                // A plan's version is the one of them that is read.
                "JSON" if name == "coupon" => {
                    Some(json!({ "code": "tenth", "discount": { "percent": "10" } }))
                }
                "JSON" if name == "taxes" => {
                    Some(json!([{ "code": "vat", "name": "VAT", "rate_percent": "7" }]))
                }
                "JSON" => Some(json!({
                    "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
                })),
                "String" if name == "subject" => Some(json!("lead/nobody")),
                "String" => Some(json!(text(name))),
                other => panic!(
                    "{path} is of the type {other}: tell tests/it/gateway/schema.rs a value of that type, so that \
                     the field is covered"
                ),
            },
        }
    }

    /// All fields of what is returned; those that must be given something are left out.
    fn selection(&self, kind: &Value, depth: usize) -> Option<String> {
        let own = &self.0[named(kind)];
        if own["kind"] == "UNION" {
            let members = own["possibleTypes"].as_array().unwrap().iter();
            let members = members.filter_map(|member| {
                let fields = self.0[named(member)]["fields"].as_array()?;
                // Things with an id have fields of one name and of several types.
                let inner = if fields.iter().any(|field| field["name"] == "id") {
                    "{ id }".to_owned()
                } else {
                    self.selection(member, depth.checked_sub(1)?)?
                };
                Some(format!("... on {} {inner}", named(member)))
            });
            return Some(format!("{{ __typename {} }}", members.collect::<String>()));
        }
        let Some(fields) = own["fields"].as_array() else {
            return Some(String::new());
        };
        if depth == 0 {
            return None;
        }
        let is_required = |argument: &Value| argument["type"]["kind"] == "NON_NULL";
        let chosen = fields.iter().filter_map(|field| {
            let arguments = field["args"].as_array().unwrap();
            if arguments.iter().any(is_required) {
                return None;
            }
            let inner = self.selection(&field["type"], depth - 1)?;
            // A page says how long it is to be.
            let is_page = arguments.iter().any(|argument| argument["name"] == "last");
            let page = if is_page { "(first: 10)" } else { "" };
            Some(format!("{}{page} {inner}", field["name"].as_str().unwrap()))
        });
        let chosen: Vec<String> = chosen.collect();
        (!chosen.is_empty()).then(|| format!("{{ {} }}", chosen.join(" ")))
    }
}

/// Texts that pass the rules of the fields of that name, so that a call gets as far as the id.
fn text(name: &str) -> String {
    match name {
        "currency" => "EUR".to_owned(),
        "timeZone" => "UTC".to_owned(),
        "email" => "ada@example.org".to_owned(),
        "phone" => "+14155552671".to_owned(),
        "url" => "https://example.org/hooks".to_owned(),
        "events" => "lead.*".to_owned(),
        "fingerprint" => "ab".repeat(32),
        "type" => "usage.tokens.input".to_owned(),
        "meter" => "sales.leads_captured".to_owned(),
        _ => "sales".to_owned(),
    }
}

fn is_id(type_name: &str) -> bool {
    matches!(type_name, "ID" | "ULID")
}

/// The name of the type inside lists and non-nulls.
fn named(kind: &Value) -> &str {
    match kind["name"].as_str() {
        Some(name) => name,
        None => named(&kind["ofType"]),
    }
}

/// A type as a document writes it.
fn written(kind: &Value) -> String {
    match kind["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", written(&kind["ofType"])),
        Some("LIST") => format!("[{}]", written(&kind["ofType"])),
        _ => named(kind).to_owned(),
    }
}
