//! From the parser's tree to a checked one: names, functions and kinds are looked at once, so that an event meets none
//! of their mistakes.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use rust_decimal::Decimal;

use super::evaluate::{Function, Node, Operator};
use super::{BadExpression, Kind, Program};

/// What an expression may read of an event, beside the fields of `data`.
const ENVELOPE: &[&[&str]] = &[
    &["type"],
    &["subject"],
    &["occurred_at"],
    &["actor", "kind"],
    &["actor", "id"],
];

const NAMES: &str = "data, type, subject, occurred_at, actor.kind and actor.id";
const FUNCTIONS: &str = "decimal, string, size, has, startsWith, endsWith, contains and secondsBetween";

type Lowered = Result<(Node, Kind), BadExpression>;

/// A program of an expression's tree.
pub(super) fn program(text: &str, tree: &IdedExpr, source: &SourceInfo) -> Result<Program, BadExpression> {
    let mut lowering = Lowering {
        text,
        source,
        paths: Vec::new(),
    };
    let (root, kind) = lowering.node(tree)?;
    Ok(Program {
        root,
        paths: lowering.paths,
        kind,
    })
}

struct Lowering<'t> {
    text: &'t str,
    source: &'t SourceInfo,
    paths: Vec<Vec<String>>,
}

impl Lowering<'_> {
    fn column(&self, tree: &IdedExpr) -> usize {
        self.source
            .offset_for(tree.id)
            .map_or(0, |(start, _)| start as usize)
            + 1
    }

    fn bad<T>(&self, tree: &IdedExpr, reason: impl Into<String>) -> Result<T, BadExpression> {
        Err(BadExpression::new(self.column(tree), reason))
    }

    fn node(&mut self, tree: &IdedExpr) -> Lowered {
        match &tree.expr {
            Expr::Literal(literal) => self.literal(tree, literal),
            Expr::Ident(_) => self.field(tree),
            Expr::Select(select) if select.test => {
                let Some(mut path) = self.path(&select.operand)? else {
                    return self.bad(tree, "has() needs a field, for instance has(data.unit)");
                };
                path.push(select.field.clone());
                self.known(tree, &path)?;
                Ok((Node::Has(self.slot(path)), Kind::Bool))
            }
            Expr::Select(_) => self.field(tree),
            Expr::Call(call) if call.func_name == operators::INDEX => self.field(tree),
            Expr::Call(call) => self.call(tree, call),
            Expr::List(list) if list.optional_indices.is_empty() => {
                let all: Result<Vec<_>, _> = list
                    .elements
                    .iter()
                    .map(|one| self.node(one).map(|(node, _)| node))
                    .collect();
                Ok((Node::List(all?), Kind::Unknown))
            }
            Expr::Comprehension(_) => self.bad(
                tree,
                "loops (all, exists, map, filter) are not offered: name the fields",
            ),
            Expr::List(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => self.bad(
                tree,
                "only values, fields, lists, operators and functions are offered",
            ),
        }
    }

    fn literal(&self, tree: &IdedExpr, literal: &LiteralValue) -> Lowered {
        match literal {
            LiteralValue::Null => Ok((Node::Null, Kind::Unknown)),
            LiteralValue::Boolean(truth) => Ok((Node::Bool(*truth.inner()), Kind::Bool)),
            LiteralValue::Int(number) => Ok((Node::Number((*number.inner()).into()), Kind::Number)),
            LiteralValue::UInt(number) => Ok((Node::Number((*number.inner()).into()), Kind::Number)),
            LiteralValue::String(text) => Ok((Node::Text(text.inner().to_owned()), Kind::Text)),
            LiteralValue::Double(double) => match self.written(tree, *double.inner()) {
                Some(number) => Ok((Node::Number(number), Kind::Number)),
                None => self.bad(
                    tree,
                    "this number can't be kept exactly: write digits with a point, no exponent, or decimal('...')",
                ),
            },
            LiteralValue::Bytes(_) => self.bad(tree, "bytes are not offered"),
        }
    }

    /// A number with a point as it is written, since the parser has made a float of it.
    fn written(&self, tree: &IdedExpr, parsed: f64) -> Option<Decimal> {
        let (start, _) = self.source.offset_for(tree.id)?;
        let rest: String = self.text.chars().skip(start as usize).collect();
        // A sign may lie before the number's place or at it.
        let rest = rest.trim_start_matches('-');
        let digits = |char: char| char.is_ascii_digit() || char == '.';
        let end = rest.find(|char| !digits(char)).unwrap_or(rest.len());
        if rest[end..].starts_with(['e', 'E']) {
            return None;
        }
        let mut number = Decimal::from_str_exact(&rest[..end]).ok()?.normalize();
        number.set_sign_negative(parsed.is_sign_negative());
        // Should the place be wrong, the two differ.
        let is_same = number.to_string().parse::<f64>().ok()? == parsed;
        is_same.then_some(number)
    }

    /// The names of `a.b["c"]`; `None` when it is no such thing.
    fn path(&self, tree: &IdedExpr) -> Result<Option<Vec<String>>, BadExpression> {
        match &tree.expr {
            Expr::Ident(name) => Ok(Some(vec![name.clone()])),
            Expr::Select(select) if !select.test => {
                let mut path = self.path(&select.operand)?;
                if let Some(path) = &mut path {
                    path.push(select.field.clone());
                }
                Ok(path)
            }
            Expr::Call(call) if call.func_name == operators::INDEX => {
                let [operand, index] = &*call.args else {
                    return Ok(None);
                };
                let Expr::Literal(LiteralValue::String(name)) = &index.expr else {
                    return self.bad(index, "only a text in quotes can stand in the brackets");
                };
                let mut path = self.path(operand)?;
                if let Some(path) = &mut path {
                    path.push(name.inner().to_owned());
                }
                Ok(path)
            }
            _ => Ok(None),
        }
    }

    fn known(&self, tree: &IdedExpr, path: &[String]) -> Result<(), BadExpression> {
        let is_envelope = ENVELOPE.iter().any(|known| path.iter().eq(known.iter().copied()));
        let is_data = path.first().is_some_and(|name| name == "data") && path.len() > 1;
        if is_data || is_envelope {
            return Ok(());
        }
        if path == ["data"] {
            return self.bad(tree, "data: name one of its fields, for instance data.quantity");
        }
        self.bad(
            tree,
            format!("there is no name {}: an expression reads {NAMES}", path.join(".")),
        )
    }

    fn field(&mut self, tree: &IdedExpr) -> Lowered {
        let Some(path) = self.path(tree)? else {
            return self.bad(
                tree,
                "a field is read of data, and not of what an operator or a function gives",
            );
        };
        self.known(tree, &path)?;
        let kind = if path[0] == "data" {
            Kind::Unknown
        } else {
            Kind::Text
        };
        Ok((Node::Field(self.slot(path)), kind))
    }

    fn slot(&mut self, path: Vec<String>) -> usize {
        match self.paths.iter().position(|known| *known == path) {
            Some(slot) => slot,
            None => {
                self.paths.push(path);
                self.paths.len() - 1
            }
        }
    }

    /// A part that must be of a kind, as far as that can be told.
    fn of_kind(&mut self, tree: &IdedExpr, wanted: Kind, name: &str) -> Result<Box<Node>, BadExpression> {
        let (node, kind) = self.node(tree)?;
        if kind != wanted && kind != Kind::Unknown {
            let wanted = words(wanted);
            return self.bad(
                tree,
                format!("{name} needs {wanted}, but this is {}", words(kind)),
            );
        }
        Ok(Box::new(node))
    }

    fn call(&mut self, tree: &IdedExpr, call: &CallExpr) -> Lowered {
        if let Some(operator) = self.operator(tree, call)? {
            return Ok(operator);
        }
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let is_method = call.target.is_some();
        let (function, count, kind) = match (call.func_name.as_str(), is_method) {
            ("decimal" | "double" | "int" | "uint", false) => (Function::Decimal, 1, Kind::Number),
            ("string", false) => (Function::Text, 1, Kind::Text),
            ("size", _) => (Function::Size, 1, Kind::Number),
            ("startsWith", true) => (Function::StartsWith, 2, Kind::Bool),
            ("endsWith", true) => (Function::EndsWith, 2, Kind::Bool),
            ("contains", true) => (Function::Contains, 2, Kind::Bool),
            ("secondsBetween", false) => (Function::SecondsBetween, 2, Kind::Number),
            (name, _) => {
                return self.bad(
                    tree,
                    format!("there is no function {name}: there are {FUNCTIONS}"),
                );
            }
        };
        if call.func_name != "decimal" && function == Function::Decimal {
            let reason = format!("{}() would change the number: write decimal(...)", call.func_name);
            return self.bad(tree, reason);
        }
        if arguments.len() != count {
            let reason = format!(
                "{} takes {count} arguments, not {}",
                call.func_name,
                arguments.len()
            );
            return self.bad(tree, reason);
        }
        let mut nodes = Vec::with_capacity(count);
        for argument in arguments {
            let node = match function {
                Function::StartsWith | Function::EndsWith | Function::Contains | Function::SecondsBetween => {
                    *self.of_kind(argument, Kind::Text, &call.func_name)?
                }
                Function::Decimal | Function::Text | Function::Size => self.node(argument)?.0,
            };
            nodes.push(node);
        }
        Ok((Node::Call(function, nodes), kind))
    }

    fn operator(&mut self, tree: &IdedExpr, call: &CallExpr) -> Result<Option<(Node, Kind)>, BadExpression> {
        let name = call.func_name.as_str();
        let lowered = match (name, &*call.args) {
            (operators::LOGICAL_NOT, [inner]) => {
                (Node::Not(self.of_kind(inner, Kind::Bool, "!")?), Kind::Bool)
            }
            (operators::NEGATE, [inner]) => (
                Node::Negate(self.of_kind(inner, Kind::Number, "-")?),
                Kind::Number,
            ),
            (operators::LOGICAL_AND, [left, right]) => {
                let sides = [
                    self.of_kind(left, Kind::Bool, "&&")?,
                    self.of_kind(right, Kind::Bool, "&&")?,
                ];
                (Node::And(Box::new(sides.map(|side| *side))), Kind::Bool)
            }
            (operators::LOGICAL_OR, [left, right]) => {
                let sides = [
                    self.of_kind(left, Kind::Bool, "||")?,
                    self.of_kind(right, Kind::Bool, "||")?,
                ];
                (Node::Or(Box::new(sides.map(|side| *side))), Kind::Bool)
            }
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                let condition = *self.of_kind(condition, Kind::Bool, "?:")?;
                let (then, kind) = self.node(then)?;
                let (otherwise, other) = self.node(otherwise)?;
                let kind = if kind == other { kind } else { Kind::Unknown };
                (Node::If(Box::new([condition, then, otherwise])), kind)
            }
            (name, [left, right]) => match binary(name) {
                Some((operator, sign)) => return self.binary(tree, (operator, sign), left, right).map(Some),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(lowered))
    }

    fn binary(
        &mut self,
        tree: &IdedExpr,
        (operator, sign): (Operator, &str),
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Lowered {
        use Operator::{Add, Divide, Multiply, Remainder, Subtract};
        let mut kind = Kind::Number;
        let sides = match operator {
            Multiply | Divide | Remainder | Subtract => [
                *self.of_kind(left, Kind::Number, sign)?,
                *self.of_kind(right, Kind::Number, sign)?,
            ],
            _ => {
                let ((left, one), (right, other)) = (self.node(left)?, self.node(right)?);
                if operator != Operator::In && one != other && one != Kind::Unknown && other != Kind::Unknown
                {
                    let reason = format!("{sign} can't put {} and {} together", words(one), words(other));
                    return self.bad(tree, reason);
                }
                kind = match operator {
                    Add if one == Kind::Unknown => other,
                    Add => one,
                    _ => Kind::Bool,
                };
                if operator == Add && kind == Kind::Bool {
                    return self.bad(tree, "+ needs numbers or texts, but this is a truth value");
                }
                [left, right]
            }
        };
        if matches!(operator, Divide | Remainder)
            && matches!(sides[1], Node::Number(number) if number.is_zero())
        {
            return self.bad(right, "this divides by zero");
        }
        Ok((Node::Binary(operator, Box::new(sides)), kind))
    }
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "a truth value",
        Kind::Number => "a number",
        Kind::Text => "a text",
        Kind::Unknown => "a value",
    }
}

fn binary(name: &str) -> Option<(Operator, &'static str)> {
    Some(match name {
        operators::ADD => (Operator::Add, "+"),
        operators::SUBSTRACT => (Operator::Subtract, "-"),
        operators::MULTIPLY => (Operator::Multiply, "*"),
        operators::DIVIDE => (Operator::Divide, "/"),
        operators::MODULO => (Operator::Remainder, "%"),
        operators::EQUALS => (Operator::Equal, "=="),
        operators::NOT_EQUALS => (Operator::NotEqual, "!="),
        operators::LESS => (Operator::Less, "<"),
        operators::LESS_EQUALS => (Operator::LessOrEqual, "<="),
        operators::GREATER => (Operator::Greater, ">"),
        operators::GREATER_EQUALS => (Operator::GreaterOrEqual, ">="),
        operators::IN => (Operator::In, "in"),
        _ => return None,
    })
}
