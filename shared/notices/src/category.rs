//! The kinds of personal data that a notice can name, and the words by which facts know them.

/// Every category that each language has words for, the gravest leak first:
/// a short message names the first few alone.
pub const CATEGORIES: [&str; 26] = [
    "password",
    "payment-card",
    "ssn",
    "health",
    "sensitive",
    "biometric",
    "bank-account",
    "national-id",
    "passport",
    "drivers-license",
    "tax-id",
    "security-answer",
    "password-hash",
    "gift-card",
    "finances",
    "messages",
    "location",
    "date-of-birth",
    "phone",
    "email",
    "postal-address",
    "order-history",
    "payment-card-last-digits",
    "name",
    "usage",
    "ip-address",
];

/// The category that a word of the facts stands for; underscores and hyphens are alike.
/// `None` for a word that no letter can put before a reader: an error at the gate, never a blank in a letter.
pub fn category_of(word: &str) -> Option<&'static str> {
    let word = word.replace('_', "-");
    let key = match word.as_str() {
        "first-name" | "last-name" | "username" | "customer-number" => "name",
        "mobile" => "phone",
        "address" | "billing-address" | "shipping-address" => "postal-address",
        "orders" | "purchase-history" | "wishlist" => "order-history",
        "preferences" | "browsing-history" | "device" | "device-id" | "cookies" | "loyalty-points"
        | "marketing-consent" => "usage",
        "ip" => "ip-address",
        "dob" | "birth-date" | "birthdate" => "date-of-birth",
        "pin" | "security-question" => "security-answer",
        "session-token" | "api-key" => "password",
        "social-security-number" => "ssn",
        "tin" | "tax-information" | "cpf" => "tax-id",
        "dl" | "driving-licence" => "drivers-license",
        "id-number" | "id-card" | "pesel" | "bsn" | "nric" | "my-number" | "rrn" | "aadhaar" | "state-id"
        | "military-id" | "sin" => "national-id",
        "iban" | "account-number" | "routing-number" => "bank-account",
        "pan" | "card-number" | "cvv" | "credit-card" => "payment-card",
        "credit-application" | "credit-score" | "income" | "salary" | "financial" => "finances",
        "phi" | "medical" | "medical-history" | "health-insurance-id" | "prescription" | "diagnosis" => {
            "health"
        }
        "fingerprint" | "face-image" | "voiceprint" => "biometric",
        "genetic" | "ethnicity" | "race" | "religion" | "political-opinion" | "trade-union" | "sex-life"
        | "sexual-orientation" | "criminal-record" => "sensitive",
        "gps" | "geolocation" => "location",
        other => other,
    };
    CATEGORIES.into_iter().find(|category| *category == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_one_category_or_none() {
        let cases = [
            ("email", Some("email")),
            ("order_history", Some("order-history")),
            ("order-history", Some("order-history")),
            ("cvv", Some("payment-card")),
            ("iban", Some("bank-account")),
            ("genetic", Some("sensitive")),
            ("shoe-size", None),
            ("", None),
        ];
        for (word, category) in cases {
            assert_eq!(category_of(word), category, "{word}");
        }
    }
}
