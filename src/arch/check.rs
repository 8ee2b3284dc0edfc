//! The structural check: walks the tree beside the JSON schema that the structs generate, and reports
//! every unknown key, missing key, wrong type, unknown name, wrong unit and number out of range at once.

use serde_json::Value;

use super::tree::{Entry, Kind, Node, Sources, Span};
use crate::diag::{Diagnostic, Diagnostics, nearest};
use crate::units;

/// The schema of the arch file as a JSON value.
pub(crate) fn schema_value() -> Value {
    schemars::schema_for!(super::ArchFile).to_value()
}

/// Everything that is structurally wrong with the tree of an arch file.
pub(crate) fn check(root: &Node, sources: &Sources) -> Diagnostics {
    check_against(root, sources, &schema_value())
}

/// Everything in which a tree departs from a schema.
pub(crate) fn check_against(root: &Node, sources: &Sources, schema: &Value) -> Diagnostics {
    let mut checker = Checker { schema, sources, path: Vec::new(), beside: Vec::new(), all: Diagnostics::new() };
    let top = Span { source: root.span.source, range: root.span.range.clone() };
    checker.node(root, schema, &top);
    checker.all
}

/// Whether a map of named keys stands at `path` and has room for `key`, whatever the file says there.
pub(crate) fn has_place(path: &[&str], key: &str) -> bool {
    let schema = schema_value();
    let sources = Sources::default();
    let checker =
        Checker { schema: &schema, sources: &sources, path: Vec::new(), beside: Vec::new(), all: Diagnostics::new() };
    let mut at = checker.plain(&schema);
    for part in path {
        let inner = match checker.choices(at) {
            Some(choices) => choices.into_iter().find(|c| c.name == *part).and_then(|c| c.content),
            None => [&at["properties"][*part], &at["additionalProperties"]].into_iter().find(|s| s.is_object()),
        };
        let Some(inner) = inner else { return false };
        at = checker.plain(inner);
    }
    checker.choices(at).is_none() && at["properties"].get(key).is_some()
}

struct Checker<'a> {
    schema: &'a Value,
    sources: &'a Sources,
    path: Vec<String>,
    /// Keys of the kinds that could stand in the place of the one that is looked at.
    beside: Vec<(&'a str, Vec<&'a str>)>,
    all: Diagnostics,
}

/// A name that an enum accepts, with the schema of its contents if it has any.
struct Choice<'a> {
    name: &'a str,
    content: Option<&'a Value>,
}

impl<'a> Checker<'a> {
    fn push(&mut self, span: &Span, d: Diagnostic) {
        self.all.push(d.at(self.sources.place(span)));
    }
    /// The path for messages: `cores.macro.adc`.
    fn here(&self) -> String {
        if self.path.is_empty() { "the file".into() } else { format!("`{}`", self.path.join(".")) }
    }
    fn resolve(&self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            schema = &self.schema["$defs"][name];
        }
        schema
    }

    /// A schema without references and without the choice of being null.
    fn plain(&self, schema: &'a Value) -> &'a Value {
        let schema = self.resolve(schema);
        match schema["anyOf"].as_array().and_then(|any| any.iter().find(|s| s["type"] != "null")) {
            Some(inner) => self.plain(inner),
            None => schema,
        }
    }

    /// Checks a value; `key` is where a mistake about the whole value is underlined if it is a collection.
    fn node(&mut self, node: &Node, schema: &'a Value, key: &Span) {
        let schema = self.resolve(schema);
        if let Some(any) = schema["anyOf"].as_array() {
            let null = any.iter().any(|s| s["type"] == "null");
            if null && node.kind == Kind::Null {
                return;
            }
            if let Some(other) = any.iter().find(|s| s["type"] != "null") {
                return self.node(node, other, key);
            }
        }
        if let Some(kind) = schema["x-quantity"].as_str() {
            return self.quantity(node, schema, kind, key);
        }
        if let Some(choices) = self.choices(schema) {
            return self.choice(node, &choices, key);
        }
        match type_name(schema) {
            Some("object") => self.map(node, schema, key),
            Some("array") => self.list(node, schema, key),
            Some("integer") => self.number(node, schema, key, true),
            Some("number") => self.number(node, schema, key, false),
            Some("boolean") if !matches!(node.kind, Kind::Bool(_)) => self.wrong(node, key, "true or false"),
            Some("string") if nullable(schema) && node.kind == Kind::Null => {}
            Some("string") if !matches!(node.kind, Kind::Text(_)) => self.wrong(node, key, "a text"),
            _ => {}
        }
    }

    fn wrong(&mut self, node: &Node, key: &Span, expected: &str) {
        let span = underlined(node, key);
        let is = if self.path.is_empty() && node.kind == Kind::Null { "empty" } else { node.kind.name() };
        let message = format!("{} is {is}, but {expected} was expected", self.here());
        let d = Diagnostic::error("A005", message).label(format!("{expected} was expected"));
        let help = match expected {
            _ if is == "empty" => "a chip description begins with `archsim: 1`; `arch/mos2_tile.yaml` is a whole one",
            "a whole number" => "write digits alone, as in `8`",
            "a number" => "write a number without a unit, as in `0.25`",
            "a list" => "write `[first, second]`",
            "a map of keys and values" => "write `{ key: value }`, or `key: value` lines indented below",
            _ => return self.push(span, d),
        };
        self.push(span, d.help(help));
    }

    fn quantity(&mut self, node: &Node, schema: &Value, kind: &str, key: &Span) {
        let text = match &node.kind {
            Kind::Text(text) => text.clone(),
            Kind::Int(n) => n.to_string(),
            Kind::Float(x) => x.to_string(),
            _ => {
                let what = schema["description"].as_str().unwrap_or("a quantity with its unit");
                return self.wrong(node, key, what);
            }
        };
        if let Err(e) = units::check(kind, &text) {
            let example = schema["examples"][0].as_str().unwrap_or_default();
            let d = Diagnostic::error("A007", format!("{}: {e}", self.here()))
                .label(format!("{} was expected", schema["description"].as_str().unwrap_or("a quantity")))
                .help(format!("write it like `{example}`"));
            self.push(&node.span, d);
        }
    }

    fn number(&mut self, node: &Node, schema: &Value, key: &Span, whole: bool) {
        if nullable(schema) && node.kind == Kind::Null {
            return;
        }
        let value = match node.kind {
            Kind::Int(n) => n as f64,
            Kind::Float(x) if !whole => x,
            _ => return self.wrong(node, key, if whole { "a whole number" } else { "a number" }),
        };
        // schemars names the width of an integer in `format`; the lower bound of unsigned ones is 0
        let top = match schema["format"].as_str() {
            Some("uint8") => 255.0,
            Some("uint16") => 65_535.0,
            Some("uint32") => f64::from(u32::MAX),
            Some("int32") => f64::from(i32::MAX),
            _ if whole => 9.0e15,
            _ => f64::INFINITY,
        };
        let low = schema["minimum"].as_f64().unwrap_or(f64::NEG_INFINITY);
        let high = schema["maximum"].as_f64().unwrap_or(top).min(top);
        if value < low || value > high {
            let expected = match (low.is_finite(), high.is_finite()) {
                (true, true) => format!("{low} to {high} was expected"),
                (true, false) => format!("at least {low} was expected"),
                _ => format!("at most {high} was expected"),
            };
            let d = Diagnostic::error("A008", format!("{} is {value}, out of range", self.here())).label(expected);
            self.push(&node.span, d);
        }
    }

    fn list(&mut self, node: &Node, schema: &'a Value, key: &Span) {
        let Kind::Seq(items) = &node.kind else { return self.wrong(node, key, "a list") };
        let low = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let high = schema["maxItems"].as_u64().map_or(usize::MAX, |n| n as usize);
        if items.len() < low || items.len() > high {
            let expected = if low == high { format!("{low} items") } else { format!("{low} or more items") };
            let message =
                format!("{} has {} item{}", self.here(), items.len(), if items.len() == 1 { "" } else { "s" });
            let span = underlined(node, key).clone();
            self.push(&span, Diagnostic::error("A005", message).label(format!("{expected} were expected")));
        }
        if schema["items"].is_object() {
            for (i, item) in items.iter().enumerate() {
                self.path.push(i.to_string());
                self.node(item, &schema["items"], &item.span);
                self.path.pop();
            }
        }
    }

    fn map(&mut self, node: &Node, schema: &'a Value, key: &Span) {
        let Kind::Map(entries) = &node.kind else { return self.wrong(node, key, "a map of keys and values") };
        let beside = std::mem::take(&mut self.beside);
        let empty = serde_json::Map::new();
        let known = schema["properties"].as_object().unwrap_or(&empty);
        let open = &schema["additionalProperties"];
        let mut meant: Vec<&str> = Vec::new();
        for Entry { key: name, key_span, value } in entries {
            let inner = match schema["properties"].get(name) {
                Some(inner) => inner,
                None if open.is_object() => open,
                None => {
                    let free = known.keys().map(String::as_str).filter(|k| node.get(k).is_none());
                    let others = beside.iter().filter(|(_, keys)| keys.contains(&name.as_str()));
                    let others: Vec<_> = others.map(|(kind, _)| format!("`{kind}`")).collect();
                    let help = match nearest(name, free) {
                        _ if !others.is_empty() => format!("`{name}` is a key of {}", others.join(", ")),
                        Some(near) => {
                            meant.push(near);
                            format!("did you mean `{near}`?")
                        }
                        None => format!("known here: {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
                    };
                    let message = format!("unknown key `{name}` in {}", self.here());
                    self.push(key_span, Diagnostic::error("A003", message).label("not known here").help(help));
                    continue;
                }
            };
            self.path.push(name.clone());
            self.node(value, inner, key_span);
            self.path.pop();
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            // a misspelt key is one mistake, not two
            if node.get(name).is_none() && !meant.contains(&name) {
                let what = self.describe(&schema["properties"][name]);
                let message = format!("the key `{name}` is missing in {}", self.here());
                let d = Diagnostic::error("A004", message).label(format!("needs `{name}`"));
                self.push(key, d.help(format!("add `{name}: ...` ({what})")));
            }
        }
    }

    /// What a schema asks for, for help lines.
    fn describe(&self, schema: &'a Value) -> String {
        let own = schema["description"].as_str();
        let resolved = self.resolve(schema);
        let example = resolved["examples"][0].as_str().map(|e| format!(", for instance `{e}`")).unwrap_or_default();
        let text = own.or(resolved["description"].as_str()).unwrap_or("its value");
        let text = text.split(['.', ';', '\n']).next().unwrap_or(text);
        let mut chars = text.chars();
        let lower: String = chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
        format!("{lower}{example}")
    }

    /// The names an enum schema accepts; `None` if the schema is no enum.
    fn choices(&self, schema: &'a Value) -> Option<Vec<Choice<'a>>> {
        let unit = |name: &'a Value| name.as_str().map(|name| Choice { name, content: None });
        if let Some(names) = schema["enum"].as_array() {
            return Some(names.iter().filter_map(unit).collect());
        }
        if !schema["const"].is_null() {
            return Some(unit(&schema["const"]).into_iter().collect());
        }
        let mut all = Vec::new();
        for branch in schema["oneOf"].as_array()? {
            let branch = self.resolve(branch);
            if let Some(fields) = branch["properties"].as_object() {
                all.extend(fields.iter().map(|(name, content)| Choice { name, content: Some(content) }));
            } else {
                all.extend(self.choices(branch).into_iter().flatten());
            }
        }
        Some(all)
    }

    fn choice(&mut self, node: &Node, choices: &[Choice<'a>], key: &Span) {
        let names = || choices.iter().map(|c| format!("`{}`", c.name)).collect::<Vec<_>>().join(", ");
        let (name, span, content) = match &node.kind {
            Kind::Text(name) => (name, &node.span, None),
            Kind::Map(entries) if entries.len() == 1 => {
                (&entries[0].key, &entries[0].key_span, Some(&entries[0].value))
            }
            Kind::Map(_) => {
                let message = format!("{} must have exactly one key: one of {}", self.here(), names());
                return self.push(key, Diagnostic::error("A006", message).label("exactly one was expected"));
            }
            _ => return self.wrong(node, key, &format!("one of {}", names())),
        };
        let Some(choice) = choices.iter().find(|c| c.name == name) else {
            let help = match nearest(name, choices.iter().map(|c| c.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", names()),
            };
            let message = format!("{} cannot be `{name}`", self.here());
            return self.push(span, Diagnostic::error("A006", message).label("not known here").help(help));
        };
        match (choice.content, content) {
            (Some(schema), Some(value)) => {
                let others = choices.iter().filter(|c| c.name != choice.name);
                let keys = |c: &Choice<'a>| self.plain(c.content?)["properties"].as_object();
                let keys = |c| keys(c).map(|keys| keys.keys().map(String::as_str).collect());
                self.beside = others.filter_map(|c| Some((c.name, keys(c)?))).collect();
                self.path.push(name.clone());
                self.node(value, schema, span);
                self.path.pop();
                self.beside.clear();
            }
            // contents of which nothing is required may be left out
            (Some(schema), None) if self.resolve(schema)["required"].is_null() => {}
            (Some(_), None) => {
                let d = Diagnostic::error("A005", format!("{}: `{name}` needs its contents", self.here()));
                self.push(span, d.label("a map was expected").help(format!("write `{name}: {{ ... }}`")));
            }
            (None, Some(_)) => {
                let d = Diagnostic::error("A005", format!("{}: `{name}` takes nothing", self.here()));
                self.push(span, d.label("the name alone was expected"));
            }
            (None, None) => {}
        }
    }
}

/// A scalar is underlined itself, a collection by its key.
fn underlined<'a>(node: &'a Node, key: &'a Span) -> &'a Span {
    if matches!(node.kind, Kind::Map(_) | Kind::Seq(_)) || node.span.range.is_empty() { key } else { &node.span }
}

fn type_name(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|n| *n != "null"),
        _ => None,
    }
}

fn nullable(schema: &Value) -> bool {
    schema["type"].as_array().is_some_and(|names| names.iter().any(|n| n == "null"))
}
