//! E-mail addresses and phone numbers: a canonical form to compare, the raw form kept.

use email_address::EmailAddress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// An e-mail address (RFC 5321): canonical is trimmed and in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Contact")]
pub struct Email {
    canonical: String,
    raw: String,
}

impl Email {
    /// Parses an address as a person or a system wrote it.
    ///
    /// # Errors
    /// [`InvalidValue`] when it is no address of the form `name@example.org`.
    pub fn parse(raw: impl Into<String>) -> Result<Self, InvalidValue> {
        let raw = raw.into();
        let canonical = raw.trim().to_lowercase();
        let strict = email_address::Options::default()
            .without_display_text()
            .with_required_tld();
        match EmailAddress::parse_with_options(&canonical, strict) {
            Ok(_) => Ok(Self { canonical, raw }),
            Err(_) => Err(InvalidValue::new(raw, "an e-mail address (name@example.org)")),
        }
    }

    /// The form to compare and to show.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The form in which it came.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

/// A phone number in E.164 (`+4930123456`), with the form in which it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Contact")]
pub struct Phone {
    e164: String,
    raw: String,
}

impl Phone {
    /// Parses a number in international form; spaces, dashes and brackets are allowed.
    ///
    /// # Errors
    /// [`InvalidValue`] when it has no country code or is no valid number of that country.
    pub fn parse(raw: impl Into<String>) -> Result<Self, InvalidValue> {
        let raw = raw.into();
        let number = phonenumber::parse(None, raw.trim())
            .ok()
            .filter(phonenumber::is_valid);
        match number {
            Some(number) => Ok(Self {
                e164: number.format().mode(phonenumber::Mode::E164).to_string(),
                raw,
            }),
            None => Err(InvalidValue::new(
                raw,
                "a phone number with its country code (+49 30 123456)",
            )),
        }
    }

    /// The number in E.164.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// The form in which it came.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

/// A contact arrives as plain text, or from the log in both forms.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Contact {
    Text(String),
    Email { canonical: String, raw: String },
    Phone { e164: String, raw: String },
}

impl TryFrom<Contact> for Email {
    type Error = InvalidValue;
    fn try_from(contact: Contact) -> Result<Self, InvalidValue> {
        match contact {
            Contact::Text(raw) => Self::parse(raw),
            Contact::Email { canonical, raw } => Ok(Self { canonical, raw }),
            Contact::Phone { raw, .. } => Err(InvalidValue::new(raw, "an e-mail address (name@example.org)")),
        }
    }
}

impl TryFrom<Contact> for Phone {
    type Error = InvalidValue;
    fn try_from(contact: Contact) -> Result<Self, InvalidValue> {
        match contact {
            Contact::Text(raw) => Self::parse(raw),
            Contact::Phone { e164, raw } => Ok(Self { e164, raw }),
            Contact::Email { raw, .. } => Err(InvalidValue::new(
                raw,
                "a phone number with its country code (+49 30 123456)",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, Phone};

    #[test]
    fn an_address_is_compared_in_lower_case_and_kept_as_it_came() {
        let email = Email::parse(" Ada.Lovelace@Example.ORG ").unwrap();
        assert_eq!(email.canonical(), "ada.lovelace@example.org");
        assert_eq!(email.raw(), " Ada.Lovelace@Example.ORG ");
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "a b@example.org",
            "ada@example",
        ] {
            assert!(Email::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_number_becomes_e164_and_is_kept_as_it_came() {
        let phone = Phone::parse("+1 (415) 555-2671").unwrap();
        assert_eq!(phone.e164(), "+14155552671");
        assert_eq!(phone.raw(), "+1 (415) 555-2671");
        for wrong in ["", "12", "030 123456", "+49", "hello"] {
            assert!(Phone::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_contact_reads_back_from_text_and_from_the_log() {
        let email: Email = serde_json::from_str(r#""Ada@Example.org""#).unwrap();
        let stored = serde_json::to_string(&email).unwrap();
        assert_eq!(
            stored,
            r#"{"canonical":"ada@example.org","raw":"Ada@Example.org"}"#
        );
        assert_eq!(serde_json::from_str::<Email>(&stored).unwrap(), email);
    }
}
