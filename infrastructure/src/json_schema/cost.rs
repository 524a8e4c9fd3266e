//! What a schema may cost, estimated before it is used.
//!
//! Schemas that apply to the same value add up, references are followed, and each level of the value may multiply
//! them: two references in an `allOf` that refer to two more, thirty times, are a kilobyte that takes an hour. The
//! estimate is an upper bound of how many subschemas are held against one path into a value.

use std::collections::{HashMap, HashSet};

use application::ports::SchemaProblem;
use serde_json::{Map, Value};

use super::at;

/// The most subschemas that may be held against one path.
const MAX_COST: u64 = 2_000;
/// How many subschemas may be nested in, or referred to by, one another along one path.
const MAX_CHAIN: usize = 200;
/// The most steps of the estimate itself.
const MAX_STEPS: usize = 200_000;
/// The most patterns, each of which takes memory.
const MAX_PATTERNS: usize = 64;

/// The keys whose schemas apply to the value itself.
const IN_PLACE: [&str; 9] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// The keys of schemas of an object's members: of each by its name, and of all.
const OF_MEMBERS: (&str, [&str; 4]) =
    ("properties", ["patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames"]);
/// The keys of schemas of an array's items: of each by its place, and of all.
const OF_ITEMS: (&str, [&str; 4]) =
    ("prefixItems", ["items", "additionalItems", "unevaluatedItems", "contains"]);
/// References that only the use of a schema resolves, and what makes references mean something else.
const BARRED: [&str; 3] = ["$dynamicRef", "$recursiveRef", "$vocabulary"];
/// The dialects whose rules are built in.
const DIALECTS: [&str; 4] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
];

/// Refuses a schema that would cost too much against a value of so many levels.
pub(super) fn check(root: &Value, levels: usize) -> Result<(), SchemaProblem> {
    let dialect = root.get("$schema").map(|dialect| dialect.as_str().unwrap_or_default());
    if dialect.is_some_and(|dialect| !DIALECTS.contains(&dialect.trim_end_matches('#'))) {
        return Err(at("/$schema", "must be a draft of JSON Schema, such as 2020-12"));
    }
    if root.as_object().is_some_and(|members| members.values().any(is_rebased)) {
        return Err(at("", "must have no $id and no $schema below its root"));
    }
    if patterns(root) > MAX_PATTERNS {
        return Err(at("", format!("must have at most {MAX_PATTERNS} patterns")));
    }
    let mut estimate = Estimate { root, known: HashMap::new(), open: HashSet::new(), steps: 0 };
    let cost = estimate.of(root, "", levels, 0)?.cost;
    if cost > MAX_COST { Err(too_complex("")) } else { Ok(()) }
}

fn too_complex(path: &str) -> SchemaProblem {
    at(path, "is too complex: too many schemas apply to the same value")
}

/// Whether another base or dialect begins here, below which references would not be what they look like.
fn is_rebased(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            let begins = ["$id", "$schema"].iter().any(|key| members.get(*key).is_some_and(Value::is_string));
            begins || members.values().any(is_rebased)
        }
        Value::Array(items) => items.iter().any(is_rebased),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn patterns(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            let own = usize::from(members.get("pattern").is_some_and(Value::is_string));
            let named = members.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
            own + named + members.values().map(patterns).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Object,
    Array,
}

/// A subschema by its place in memory, held against a value of a shape and so many levels.
type Key = (*const Value, usize, Shape);

/// How many subschemas apply, and how deep they are nested.
#[derive(Clone, Copy, Default)]
struct Weight {
    cost: u64,
    height: usize,
}

impl Weight {
    fn beside(self, other: Self) -> Self {
        Self { cost: self.cost.saturating_add(other.cost), height: self.height.max(other.height) }
    }

    fn or(self, other: Self) -> Self {
        Self { cost: self.cost.max(other.cost), height: self.height.max(other.height) }
    }
}

struct Estimate<'a> {
    root: &'a Value,
    known: HashMap<Key, Weight>,
    open: HashSet<Key>,
    steps: usize,
}

impl<'a> Estimate<'a> {
    /// Against a value of any shape. `chain` is how many subschemas lead here.
    fn of(
        &mut self,
        schema: &'a Value,
        path: &str,
        levels: usize,
        chain: usize,
    ) -> Result<Weight, SchemaProblem> {
        let object = self.against(schema, path, levels, Shape::Object, chain)?;
        Ok(object.or(self.against(schema, path, levels, Shape::Array, chain)?))
    }

    fn against(
        &mut self,
        schema: &'a Value,
        path: &str,
        levels: usize,
        shape: Shape,
        chain: usize,
    ) -> Result<Weight, SchemaProblem> {
        let Some(members) = schema.as_object() else { return Ok(Weight { cost: 1, height: 1 }) };
        let key = (std::ptr::from_ref(schema), levels, shape);
        let known = self.known.get(&key).copied();
        if chain + known.map_or(0, |known| known.height) > MAX_CHAIN {
            return Err(at(path, "is nested too deeply"));
        }
        if let Some(known) = known {
            return Ok(known);
        }
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(too_complex(path));
        }
        if !self.open.insert(key) {
            return Err(at(path, "refers to itself for the same value"));
        }
        let mut weight = self.in_place(members, path, levels, shape, chain)?;
        if levels > 0 {
            weight = weight.beside(self.deeper(members, path, levels - 1, shape, chain)?);
        }
        // What was evaluated is found out by evaluating it again.
        if members.keys().any(|key| key.starts_with("unevaluated")) {
            weight.cost = weight.cost.saturating_mul(2);
        }
        let weight = Weight { cost: weight.cost.saturating_add(1), height: weight.height + 1 };
        if weight.cost > MAX_COST {
            return Err(too_complex(path));
        }
        self.open.remove(&key);
        self.known.insert(key, weight);
        Ok(weight)
    }

    fn in_place(
        &mut self,
        members: &'a Map<String, Value>,
        path: &str,
        levels: usize,
        shape: Shape,
        chain: usize,
    ) -> Result<Weight, SchemaProblem> {
        let mut weight = Weight::default();
        if let Some(key) = BARRED.iter().find(|key| members.contains_key(**key)) {
            return Err(at(&format!("{path}/{key}"), "is not supported"));
        }
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| self.resolve(pointer));
            let Some(target) = target else {
                let message = "must refer to a place in the same schema, such as #/$defs/name";
                return Err(at(&format!("{path}/$ref"), message));
            };
            weight =
                weight.beside(self.against(target, &format!("{path}/$ref"), levels, shape, chain + 1)?);
        }
        for key in IN_PLACE {
            for (schema, path) in schemas(members, key, path) {
                weight = weight.beside(self.against(schema, &path, levels, shape, chain + 1)?);
            }
        }
        Ok(weight)
    }

    fn deeper(
        &mut self,
        members: &'a Map<String, Value>,
        path: &str,
        levels: usize,
        shape: Shape,
        chain: usize,
    ) -> Result<Weight, SchemaProblem> {
        let (of_one, of_all) = match shape {
            Shape::Object => OF_MEMBERS,
            Shape::Array => OF_ITEMS,
        };
        let (mut one, mut all) = (Weight::default(), Weight::default());
        for (schema, path) in schemas(members, of_one, path) {
            one = one.or(self.of(schema, &path, levels, chain + 1)?);
        }
        for key in of_all {
            // An array of items is one for each place, as `prefixItems` is.
            let by_place = key == "items" && members.get(key).is_some_and(Value::is_array);
            for (schema, path) in schemas(members, key, path) {
                let weight = self.of(schema, &path, levels, chain + 1)?;
                if by_place { one = one.or(weight) } else { all = all.beside(weight) }
            }
        }
        Ok(one.beside(all))
    }

    fn resolve(&self, pointer: &str) -> Option<&'a Value> {
        // A percent sign would be read as an escape by one reader and as itself by another.
        if pointer.contains('%') { None } else { self.root.pointer(pointer) }
    }
}

/// The schemas under a key, whether it holds one, a list or some by name, and where they are.
fn schemas<'a>(members: &'a Map<String, Value>, key: &str, path: &str) -> Vec<(&'a Value, String)> {
    let named = ["properties", "patternProperties", "dependentSchemas", "dependencies"].contains(&key);
    match members.get(key) {
        Some(Value::Array(list)) => {
            list.iter().enumerate().map(|(place, schema)| (schema, format!("{path}/{key}/{place}"))).collect()
        }
        Some(Value::Object(by_name)) if named => {
            let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
            by_name.iter().map(|(name, schema)| (schema, format!("{path}/{key}/{}", escaped(name)))).collect()
        }
        Some(one) => vec![(one, format!("{path}/{key}"))],
        None => vec![],
    }
}
