//! Working an expression out: every number is a decimal, and what is not exact is refused or rounded as CEL's
//! operators are documented to in `docs/meters.md`.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Program, Trouble, Value};

/// A quotient has so many decimal places.
const QUOTIENT_PLACES: u32 = 9;

/// An expression's tree.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    List(Vec<Self>),
    /// A field, by its place among the program's paths.
    Field(usize),
    Has(usize),
    Not(Box<Self>),
    Negate(Box<Self>),
    And(Box<[Self; 2]>),
    Or(Box<[Self; 2]>),
    /// Condition, then, otherwise.
    If(Box<[Self; 3]>),
    Binary(Operator, Box<[Self; 2]>),
    Call(Function, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Decimal,
    Text,
    Size,
    StartsWith,
    EndsWith,
    Contains,
    /// From one time to another.
    SecondsBetween,
}

/// What a program finds in an event.
#[derive(Clone, Copy)]
pub(in crate::meter) struct Scope<'s, 'e> {
    /// The values of all fields that any program of the event's type reads.
    pub(in crate::meter) values: &'s [Option<Value<'e>>],
    /// For each of this program's paths, its place among the values.
    pub(in crate::meter) slots: &'s [usize],
}

impl Program {
    /// The expression's value for an event.
    pub(in crate::meter) fn run<'s>(&'s self, scope: Scope<'s, '_>) -> Result<Value<'s>, Trouble> {
        self.eval(&self.root, scope)
    }

    fn eval<'s>(&'s self, node: &'s Node, scope: Scope<'s, '_>) -> Result<Value<'s>, Trouble> {
        match node {
            Node::Null => Ok(Value::Null),
            Node::Bool(truth) => Ok(Value::Bool(*truth)),
            Node::Number(number) => Ok(Value::Number(*number)),
            Node::Text(text) => Ok(Value::Text(Cow::Borrowed(text))),
            Node::List(all) => {
                let all: Result<_, _> = all.iter().map(|one| self.eval(one, scope)).collect();
                Ok(Value::List(all?))
            }
            Node::Field(path) => match &scope.values[scope.slots[*path]] {
                Some(value) => Ok(value.view()),
                None => Err(Trouble::Missing(self.paths[*path].join("."))),
            },
            Node::Has(path) => Ok(Value::Bool(scope.values[scope.slots[*path]].is_some())),
            Node::Not(inner) => Ok(Value::Bool(!truth("!", &self.eval(inner, scope)?)?)),
            Node::Negate(inner) => Ok(Value::Number(-number("-", &self.eval(inner, scope)?)?)),
            Node::And(sides) => self.logic("&&", sides, scope, Decides::False),
            Node::Or(sides) => self.logic("||", sides, scope, Decides::True),
            Node::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                if truth("?:", &self.eval(condition, scope)?)? {
                    self.eval(then, scope)
                } else {
                    self.eval(otherwise, scope)
                }
            }
            Node::Binary(operator, sides) => {
                let [left, right] = &**sides;
                binary(*operator, &self.eval(left, scope)?, &self.eval(right, scope)?)
            }
            Node::Call(function, arguments) => {
                let arguments: Result<Vec<_>, _> =
                    arguments.iter().map(|one| self.eval(one, scope)).collect();
                call(*function, &arguments?)
            }
        }
    }

    /// One side that decides is enough, even when the other has no value (CEL, "Logical Operators").
    fn logic<'s>(
        &'s self,
        name: &'static str,
        sides: &'s [Node; 2],
        scope: Scope<'s, '_>,
        decides: Decides,
    ) -> Result<Value<'s>, Trouble> {
        let side = |node| self.eval(node, scope).and_then(|value| truth(name, &value));
        let decisive = decides == Decides::True;
        let left = side(&sides[0]);
        if left == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        let right = side(&sides[1]);
        if right == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        left.and(right).map(Value::Bool)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decides {
    True,
    False,
}

fn truth(of: &'static str, value: &Value<'_>) -> Result<bool, Trouble> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        other => Err(Trouble::Mismatch(of, "a truth value", other.kind())),
    }
}

fn number(of: &'static str, value: &Value<'_>) -> Result<Decimal, Trouble> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::Text(_) => Err(Trouble::Mismatch(
            of,
            "a number",
            "a text: write decimal(...) around it",
        )),
        other => Err(Trouble::Mismatch(of, "a number", other.kind())),
    }
}

fn text<'v>(of: &'static str, value: &'v Value<'_>) -> Result<&'v str, Trouble> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(Trouble::Mismatch(of, "a text", other.kind())),
    }
}

fn binary<'s>(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> Result<Value<'s>, Trouble> {
    use Operator::{
        Add, Divide, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, Multiply, NotEqual, Remainder,
        Subtract,
    };
    match operator {
        Add => match (left, right) {
            (Value::Text(left), Value::Text(right)) => Ok(Value::Text(Cow::Owned(format!("{left}{right}")))),
            _ => arithmetic("+", left, right, exact_sum),
        },
        Subtract => arithmetic("-", left, right, |left, right| exact_sum(left, -right)),
        Multiply => arithmetic("*", left, right, exact_product),
        Divide => arithmetic("/", left, right, quotient),
        Remainder => arithmetic("%", left, right, |left, right| {
            if right.is_zero() {
                return Err(Trouble::DivisionByZero);
            }
            left.checked_rem(right).ok_or(Trouble::TooLarge)
        }),
        Equal => Ok(Value::Bool(equal("==", left, right)?)),
        NotEqual => Ok(Value::Bool(!equal("!=", left, right)?)),
        Less => Ok(Value::Bool(order("<", left, right)?.is_lt())),
        LessOrEqual => Ok(Value::Bool(order("<=", left, right)?.is_le())),
        Greater => Ok(Value::Bool(order(">", left, right)?.is_gt())),
        GreaterOrEqual => Ok(Value::Bool(order(">=", left, right)?.is_ge())),
        In => match right {
            Value::List(all) => {
                let mut found = false;
                for one in all {
                    found |= equal("in", left, one)?;
                }
                Ok(Value::Bool(found))
            }
            Value::Map(all) => {
                let name = text("in", left)?;
                Ok(Value::Bool(all.iter().any(|(key, _)| key == name)))
            }
            other => Err(Trouble::Mismatch("in", "a list or a map", other.kind())),
        },
    }
}

fn arithmetic<'s>(
    name: &'static str,
    left: &Value<'_>,
    right: &Value<'_>,
    work: fn(Decimal, Decimal) -> Result<Decimal, Trouble>,
) -> Result<Value<'s>, Trouble> {
    work(number(name, left)?, number(name, right)?).map(Value::Number)
}

/// A decimal's own sum drops digits that do not fit: that is refused.
fn exact_sum(left: Decimal, right: Decimal) -> Result<Decimal, Trouble> {
    let sum = left.checked_add(right).ok_or(Trouble::TooLarge)?;
    let whole = sum.scale() >= left.normalize().scale().max(right.normalize().scale()) || sum.is_zero();
    whole.then_some(sum).ok_or(Trouble::TooLarge)
}

fn exact_product(left: Decimal, right: Decimal) -> Result<Decimal, Trouble> {
    let (left, right) = (left.normalize(), right.normalize());
    let product = left.checked_mul(right).ok_or(Trouble::TooLarge)?;
    let is_nothing = left.is_zero() || right.is_zero();
    let whole = is_nothing || product.scale() == left.scale() + right.scale();
    whole.then_some(product).ok_or(Trouble::TooLarge)
}

fn quotient(left: Decimal, right: Decimal) -> Result<Decimal, Trouble> {
    if right.is_zero() {
        return Err(Trouble::DivisionByZero);
    }
    let quotient = left.checked_div(right).ok_or(Trouble::TooLarge)?;
    Ok(quotient.round_dp_with_strategy(QUOTIENT_PLACES, RoundingStrategy::MidpointAwayFromZero))
}

/// Whether two values are the same. Values of two kinds are an error, so that `"3" == 3` never counts as a difference;
/// whatever may be null can be compared with null.
fn equal(name: &'static str, left: &Value<'_>, right: &Value<'_>) -> Result<bool, Trouble> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(left == right),
        (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Text(_), Value::Text(_))
        | (Value::List(_), Value::List(_))
        | (Value::Map(_), Value::Map(_)) => Ok(left == right),
        _ => Err(Trouble::Mismatch(name, left.kind(), right.kind())),
    }
}

fn order(name: &'static str, left: &Value<'_>, right: &Value<'_>) -> Result<Ordering, Trouble> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Ok(left.cmp(right)),
        _ => Ok(number(name, left)?.cmp(&number(name, right)?)),
    }
}

fn call<'s>(function: Function, arguments: &[Value<'s>]) -> Result<Value<'s>, Trouble> {
    match (function, arguments) {
        (Function::Decimal, [value]) => match value {
            Value::Number(number) => Ok(Value::Number(*number)),
            Value::Text(text) => decimal(text).map(Value::Number),
            other => Err(Trouble::Mismatch("decimal()", "a text", other.kind())),
        },
        (Function::Text, [value]) => match value {
            Value::Text(text) => Ok(Value::Text(text.clone())),
            Value::Number(number) => Ok(Value::Text(number.normalize().to_string().into())),
            Value::Bool(truth) => Ok(Value::Text(truth.to_string().into())),
            other => Err(Trouble::Mismatch("string()", "a number or a text", other.kind())),
        },
        (Function::Size, [value]) => {
            let size = match value {
                Value::Text(text) => text.chars().count(),
                Value::List(all) => all.len(),
                Value::Map(all) => all.len(),
                other => {
                    return Err(Trouble::Mismatch(
                        "size()",
                        "a text, a list or a map",
                        other.kind(),
                    ));
                }
            };
            Ok(Value::Number(size.into()))
        }
        (Function::StartsWith, [whole, part]) => {
            let of = "startsWith()";
            Ok(Value::Bool(text(of, whole)?.starts_with(text(of, part)?)))
        }
        (Function::EndsWith, [whole, part]) => {
            let of = "endsWith()";
            Ok(Value::Bool(text(of, whole)?.ends_with(text(of, part)?)))
        }
        (Function::Contains, [whole, part]) => {
            let of = "contains()";
            Ok(Value::Bool(text(of, whole)?.contains(text(of, part)?)))
        }
        (Function::SecondsBetween, [from, until]) => {
            let of = "secondsBetween()";
            let (from, until) = (time(text(of, from)?)?, time(text(of, until)?)?);
            let micros = until.as_microsecond() - from.as_microsecond();
            Ok(Value::Number(Decimal::new(micros, 6).normalize()))
        }
        // The number of arguments was checked.
        _ => Err(Trouble::Mismatch("a function", "its arguments", "others")),
    }
}

fn time(text: &str) -> Result<Timestamp, Trouble> {
    text.parse().map_err(|_| Trouble::NotATime(text.to_owned()))
}

/// A decimal of a text: digits with a point, no more than 28 of them.
pub(in crate::meter) fn decimal(text: &str) -> Result<Decimal, Trouble> {
    let number = Decimal::from_str_exact(text).map_err(|_| Trouble::NotANumber(text.to_owned()))?;
    Ok(number.normalize())
}
