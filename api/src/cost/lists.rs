//! How long each list of the schema is reckoned to be: a line a list. A list that is not here fails the test
//! below. Pages of a connection need no line: they are as long as `first` or `last` says.

/// A type's list field and the length that it is reckoned with. `*` stands for every type that has the field.
const LISTS: &[(&str, &str, usize)] = &[
    ("*", "userErrors", 2),
    ("Agent", "tools", 1),
    ("AgentRun", "costs", 2),
    ("ApiKey", "scopes", 1),
    ("Claim", "reasonCodes", 1),
    ("Claim", "recovered", 2),
    ("Connector", "settings", 5),
    ("Lead", "attributes", 5),
    ("Me", "scopes", 1),
    ("PlanSubscription", "received", 2),
    ("Query", "roiSummary", 24),
    ("Query", "tenants", 100),
    ("RecordUsagePayload", "results", 10),
    ("RoiMonth", "aiCost", 2),
    ("RoiMonth", "billed", 2),
    ("RoiMonth", "openByStage", 5),
    ("RoiMonth", "paid", 2),
    ("RoiMonth", "recovered", 2),
    ("RoiMonth", "wonValue", 2),
    ("Tenant", "verticals", 1),
    ("Usage", "days", 30),
    ("Usage", "totals", 10),
    ("UserError", "path", 1),
];

/// The longest page of a connection.
pub(super) const PAGE_AT_MOST: usize = 100;

/// How long a list is reckoned to be, inside a page of so many rows; `None` for a field that is no list.
pub(super) fn length(parent: &str, field: &str, page: usize) -> Option<usize> {
    if is_page(parent, field) {
        return Some(page);
    }
    let line = LISTS
        .iter()
        .find(|(of, name, _)| *name == field && (*of == parent || *of == "*"));
    line.map(|(_, _, length)| *length)
}

fn is_page(parent: &str, field: &str) -> bool {
    parent.ends_with("Connection") && matches!(field, "edges" | "nodes")
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::types::BaseType;

    use super::{LISTS, length};
    use crate::documents::types::Types;

    #[test]
    fn every_list_of_the_schema_has_a_length() {
        let types = Types::of(&crate::schema_sdl());
        let lists: Vec<(&str, &str)> = types
            .all_fields()
            .filter(|(.., field)| matches!(field.kind.base, BaseType::List(_)))
            .map(|(parent, name, _)| (parent, name))
            .collect();
        let missing: Vec<String> = lists
            .iter()
            .filter(|(parent, name)| length(parent, name, 1).is_none())
            .map(|(parent, name)| format!("(\"{parent}\", \"{name}\", how many)"))
            .collect();
        assert!(
            missing.is_empty(),
            "tell api/src/cost/lists.rs how long these lists are: {missing:#?}"
        );
        for (parent, name, _) in LISTS {
            let is_there = lists
                .iter()
                .any(|(of, list)| list == name && (of == parent || *parent == "*"));
            assert!(
                is_there,
                "{parent}.{name} is no list of the schema any more: take its line out"
            );
        }
    }
}
