//! What a report says, in words: each number with the events behind it.

use domain::roi::Value;
use rust_decimal::Decimal;

use super::denials::ClaimsMeant;
use super::told::{Behind, Told};
use super::{Against, Materials};

/// A sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What it is about: `leads` or `claims`.
    pub about: String,
    /// Its parts, which make the sentence one after the other.
    pub parts: Vec<SentencePart>,
}

/// A part of a sentence: words, or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentencePart {
    /// What is read.
    pub text: String,
    /// The number that it says; none for words.
    pub told: Option<Told>,
}

impl Sentence {
    /// The whole sentence.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }

    fn about(about: &str) -> Self {
        Self {
            about: about.to_owned(),
            parts: Vec::new(),
        }
    }

    fn words(mut self, text: &str) -> Self {
        self.parts.push(SentencePart {
            text: text.to_owned(),
            told: None,
        });
        self
    }

    fn number(mut self, told: &Told) -> Self {
        self.parts.push(SentencePart {
            text: written(&told.figure.value),
            told: Some(told.clone()),
        });
        self
    }
}

/// The sentences of a report: of leads where there are any leads or opportunities, of claims where there are claims.
pub(super) fn sentences(told: &[Told], materials: &Materials, against: Option<&Against>) -> Vec<Sentence> {
    let of = |name: &str| told.iter().find(|one| one.figure.name == name);
    let has = |kinds: &[&str]| {
        materials
            .journeys
            .iter()
            .any(|row| kinds.contains(&row.kind.as_str()))
    };
    let mut all = Vec::new();
    if let (true, Some(found), Some(converted), Some(pipeline)) = (
        has(&["lead", "opportunity"]),
        of("leads.found"),
        of("leads.converted"),
        of("pipeline"),
    ) {
        let sentence = Sentence::about("leads").words("AI found ").number(found);
        let leads = if found.figure.value == Value::Count(1) {
            " lead, "
        } else {
            " leads, "
        };
        let sentence = sentence.words(leads).number(converted).words(" converted, ");
        all.push(sentence.number(pipeline).words(" of pipeline"));
    }
    if let (true, Some(processed), Some(recovered)) =
        (has(&["claim"]), of("claims.processed"), of("claims.recovered"))
    {
        let sentence = Sentence::about("claims").words("AI processed ").number(processed);
        let claims = if processed.figure.value == Value::Count(1) {
            " claim, "
        } else {
            " claims, "
        };
        // Those claims that the baseline's rate is of: both sides are of the same kind.
        let rate = match against.map(|against| against.denials_of).unwrap_or_default() {
            ClaimsMeant::All => of("claims.denial_percent"),
            ClaimsMeant::WorkedOn => of("claims.worked_denial_percent"),
        };
        let sentence = denials(sentence.words(claims), rate, against);
        all.push(sentence.number(recovered).words(" recovered"));
    }
    all
}

fn denials(sentence: Sentence, is: Option<&Told>, against: Option<&Against>) -> Sentence {
    let Some((is, Value::Ratio(percent))) = is.map(|told| (told, told.figure.value)) else {
        return sentence;
    };
    let was = against.and_then(|against| Some((against, against.denial_percent?)));
    let Some((against, was)) = was else {
        return sentence.words("initial denials at ").number(is).words(" %, ");
    };
    let before = Told::new(
        "baseline.denial_percent",
        Value::Ratio(was),
        Behind::Events(against.denial_positions.clone()),
    );
    let (how, to) = match percent.cmp(&was) {
        std::cmp::Ordering::Less => ("initial denials down from ", " % to "),
        std::cmp::Ordering::Greater => ("initial denials up from ", " % to "),
        std::cmp::Ordering::Equal => ("initial denials unchanged from ", " % at "),
    };
    sentence
        .words(how)
        .number(&before)
        .words(to)
        .number(is)
        .words(" %, ")
}

/// A value as people write it: `1,200`, `83,000 USD`, `9.5`.
fn written(value: &Value) -> String {
    match value {
        Value::Count(count) => grouped(Decimal::from(*count)),
        Value::Money(money) => {
            let short = money.amount.normalize();
            let amount = if short.scale() == 0 { short } else { money.amount };
            format!("{} {}", grouped(amount), money.currency)
        }
        Value::Ratio(ratio) => grouped(ratio.normalize()),
        Value::None => "?".to_owned(),
    }
}

/// With commas between thousands.
fn grouped(number: Decimal) -> String {
    let text = number.abs().to_string();
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut written = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    if !rest.is_empty() {
        written.push('.');
        written.push_str(rest);
    }
    if number.is_sign_negative() && !number.is_zero() {
        written.insert(0, '-');
    }
    written
}
