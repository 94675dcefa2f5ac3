//! The two merchants of the demo: a Shopify Plus shop whose exports are copied, and a Magento website that has
//! nothing to do with it.

use serde_json::{Value, json};
use tocsin_local::cloud::ACCOUNT;

pub const SHOP: &str = "harbour-outfitters";
pub const WEBSITE: &str = "linden-books";
pub const SHOP_DOMAIN: &str = "harbour-outfitters.myshopify.com";
pub const BUCKET: &str = "harbour-customer-exports";
pub const SENDER_DOMAINS: [&str; 2] = ["harbour-outfitters.example", "linden-books.example"];

pub const ADMINISTRATOR: &str = "administrator";
pub const APPROVER: &str = "ada";
pub const RESPONDER: &str = "cy";
pub const COUNSEL: &str = "di";

/// The regimes whose authority takes a filing by e-mail in the demo; the others are a person's task.
const AUTHORITIES: [(&str, &str); 4] = [
    ("eu-gdpr-authority", "DE"),
    ("eu-gdpr-authority", "FR"),
    ("eu-gdpr-authority", "IE"),
    ("gb-ukgdpr-authority", "GB"),
];

/// The ARN of an operator.
pub fn arn(operator: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{operator}")
}

/// Where a merchant's manifest lies in the vault.
pub fn manifest_key(tenant: &str) -> String {
    format!("{tenant}/manifests/customers.csv")
}

/// The addresses of the bodies that get a filing by e-mail.
pub fn authority_addresses() -> impl Iterator<Item = String> {
    authorities().map(|(_, address)| address)
}

/// The jurisdictions whose authority gets a filing by e-mail, and the address that it goes to.
pub fn authorities() -> impl Iterator<Item = (&'static str, String)> {
    AUTHORITIES.iter().map(|(_, jurisdiction)| (*jurisdiction, authority_address(jurisdiction)))
}

pub fn shop() -> Value {
    let controller = json!({
        "legal_name": "Harbour Outfitters Inc.",
        "country": "US",
        "time_zone": "America/Los_Angeles",
        "eu_main_establishment": null,
        "eu_representative": "IE",
        "postal_address": ["12 Pier Street", "San Francisco, CA 94111", "USA"],
        "email": "privacy@harbour-outfitters.example",
        "phone": "+1 415 555 0100",
        "privacy_officer": { "name": "Privacy Office", "email": "privacy@harbour-outfitters.example" },
        "website": "harbour-outfitters.example",
        "notice_page": "https://harbour-outfitters.example/notice",
    });
    let routes = json!({ "shop_domains": [SHOP_DOMAIN], "buckets": [BUCKET] });
    settings(SHOP, "Harbour Outfitters", "shopify-plus", controller, routes, BUCKET)
}

pub fn website() -> Value {
    let controller = json!({
        "legal_name": "Linden Books GmbH",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "eu_main_establishment": "DE",
        "eu_representative": null,
        "postal_address": ["Lindenweg 3", "10115 Berlin", "Deutschland"],
        "email": "datenschutz@linden-books.example",
        "phone": null,
        "privacy_officer": null,
        "website": "linden-books.example",
        "notice_page": "https://linden-books.example/hinweis",
    });
    let bucket = "linden-customer-exports";
    let routes = json!({ "buckets": [bucket] });
    settings(WEBSITE, "Linden Books", "magento", controller, routes, bucket)
}

fn settings(id: &str, name: &str, platform: &str, controller: Value, routes: Value, bucket: &str) -> Value {
    let website = controller["website"].as_str().unwrap_or_default().to_owned();
    json!({
        "id": id,
        "name": name,
        "platform": platform,
        "controller": controller,
        "routes": routes,
        "datasets": [{
            "name": "customer-exports",
            "bucket": bucket,
            "manifest": manifest_key(id),
            "format": "csv",
            "data": ["name", "email", "postal_address", "order_history", "password", "payment_card"],
            "card_brands": ["visa", "mastercard", "amex"],
            "encrypted": false,
            "risk": "high",
            "significant_harm": true,
        }],
        "triage": { "opens_at": "high", "joins_within_hours": 24 },
        "residency": {
            "regions": { "US": "us-east-1", "BR": "us-east-1", "AU": "ap-southeast-2", "JP": "ap-southeast-2" },
            "otherwise": "eu-central-1",
        },
        "senders": {
            "email_from": format!("{name} <notice@{website}>"),
            "esign_consent": true,
            // The demo runs at any hour, and its phones ring nobody.
            "email_window": "always", "sms_window": "always", "sms": true, "in_app": true,
        },
        "roles": {
            arn(APPROVER): ["approver", "viewer"],
            arn(RESPONDER): ["responder", "auditor", "viewer"],
            arn(COUNSEL): ["counsel", "viewer"],
        },
        "approvals_needed": 1,
        "approval_minutes": 120,
        // The demo's people are fewer than a canary needs.
        "canary": { "above": 100_000, "share_per_mille": 10, "minutes": 30 },
        "reject_limit_per_mille": 5,
        "contacts": contacts(),
        "escalation": {
            "at_percent_left": [50, 25, 10],
            "targets": [{
                "kind": "sns-topic", "name": "operators",
                "topic": format!("arn:aws:sns:eu-central-1:{ACCOUNT}:tocsin-operators"),
            }],
        },
        "wording": wording(),
    })
}

fn contacts() -> Vec<Value> {
    AUTHORITIES
        .iter()
        .map(|(regime, jurisdiction)| {
            json!({
                "name": format!("authority-{}", jurisdiction.to_lowercase()),
                "regime": regime,
                "jurisdiction": jurisdiction,
                "email": authority_address(jurisdiction),
                "language": "en",
            })
        })
        .collect()
}

fn authority_address(jurisdiction: &str) -> String {
    format!("filings-{}@authority.example", jurisdiction.to_lowercase())
}

/// What is said, in the languages of the shipped letters. In life counsel approves these blocks beforehand.
fn wording() -> Value {
    let block = |what_happened: &str, consequences: &str, measures: &str, advice: &str| {
        json!({
            "what_happened": what_happened,
            "consequences": consequences,
            "measures": measures,
            "advice": advice,
            "communication": "The people concerned are told by e-mail or text message, each in a message of their own.",
        })
    };
    json!({
        "en": block(
            "An attacker used a stolen access key to copy a file with customer data from our storage.",
            "Strangers may write or call you and pretend to be us. Somebody may try your password elsewhere.",
            "We blocked the access key, closed the storage and had every password of our shop reset.",
            "If you use the password of our shop elsewhere, change it there as well.",
        ),
        "de": block(
            "Mit einem gestohlenen Zugangsschlüssel hat jemand eine Datei mit Kundendaten aus unserem Speicher kopiert.",
            "Fremde können Ihnen schreiben oder Sie anrufen und sich als wir ausgeben. Jemand kann Ihr Passwort anderswo ausprobieren.",
            "Wir haben den Schlüssel gesperrt, den Speicher geschlossen und alle Passwörter unseres Shops zurückgesetzt.",
            "Wenn Sie das Passwort unseres Shops auch anderswo benutzen, ändern Sie es dort ebenfalls.",
        ),
        "es": block(
            "Alguien usó una clave de acceso robada para copiar un archivo con datos de clientes de nuestro almacenamiento.",
            "Unos desconocidos pueden escribirle o llamarle y hacerse pasar por nosotros. Alguien puede probar su contraseña en otros sitios.",
            "Hemos bloqueado la clave, cerrado el almacenamiento y restablecido todas las contraseñas de nuestra tienda.",
            "Si usa la contraseña de nuestra tienda en otros sitios, cámbiela también allí.",
        ),
        "fr": block(
            "Quelqu’un a utilisé une clé d’accès volée pour copier un fichier de données de clients dans notre espace de stockage.",
            "Des inconnus peuvent vous écrire ou vous appeler en se faisant passer pour nous. Quelqu’un peut essayer votre mot de passe ailleurs.",
            "Nous avons bloqué la clé, fermé l’accès au stockage et réinitialisé tous les mots de passe de notre boutique.",
            "Si vous utilisez ailleurs le mot de passe de notre boutique, changez-le aussi.",
        ),
        "it": block(
            "Qualcuno ha usato una chiave di accesso rubata per copiare un file con dati di clienti dal nostro archivio.",
            "Degli sconosciuti possono scriverle o chiamarla fingendosi noi. Qualcuno può provare la sua password altrove.",
            "Abbiamo bloccato la chiave, chiuso l’archivio e reimpostato tutte le password del nostro negozio.",
            "Se usa altrove la password del nostro negozio, la cambi anche lì.",
        ),
        "nl": block(
            "Iemand heeft met een gestolen toegangssleutel een bestand met klantgegevens uit onze opslag gekopieerd.",
            "Onbekenden kunnen u schrijven of bellen en zich voordoen als ons bedrijf. Iemand kan uw wachtwoord elders proberen.",
            "Wij hebben de sleutel geblokkeerd, de opslag afgesloten en alle wachtwoorden van onze webwinkel gereset.",
            "Gebruikt u het wachtwoord van onze webwinkel ook elders? Wijzig het daar dan ook.",
        ),
        "pl": block(
            "Ktoś za pomocą skradzionego klucza dostępu skopiował z naszej chmury plik z danymi klientów.",
            "Nieznane osoby mogą do Państwa pisać lub dzwonić i podawać się za nas. Ktoś może wypróbować Państwa hasło w innych miejscach.",
            "Zablokowaliśmy klucz, zamknęliśmy dostęp do chmury i zresetowaliśmy wszystkie hasła do naszego sklepu.",
            "Jeśli używają Państwo hasła do naszego sklepu także gdzie indziej, prosimy je tam również zmienić.",
        ),
        "pt": block(
            "Alguém usou uma chave de acesso roubada para copiar um arquivo com dados de clientes do nosso armazenamento.",
            "Desconhecidos podem escrever ou ligar para você fingindo ser nós. Alguém pode tentar usar a sua senha em outro lugar.",
            "Bloqueamos a chave, fechamos o armazenamento e redefinimos todas as senhas da nossa loja.",
            "Se você usa a senha da nossa loja em outro lugar, troque-a lá também.",
        ),
        "pt-PT": block(
            "Alguém usou uma chave de acesso roubada para copiar um ficheiro com dados de clientes do nosso armazenamento.",
            "Desconhecidos podem escrever-lhe ou ligar-lhe e fazer-se passar por nós. Alguém pode experimentar a sua palavra-passe noutros sítios.",
            "Bloqueámos a chave, fechámos o armazenamento e repusemos todas as palavras-passe da nossa loja.",
            "Se usa a palavra-passe da nossa loja noutros sítios, mude-a também aí.",
        ),
        "sv": block(
            "Någon använde en stulen åtkomstnyckel för att kopiera en fil med kunduppgifter från vår lagring.",
            "Främmande personer kan skriva till dig eller ringa dig och utge sig för att vara vi. Någon kan prova ditt lösenord på andra ställen.",
            "Vi har spärrat nyckeln, stängt lagringen och återställt alla lösenord till vår webbutik.",
            "Om du använder lösenordet till vår webbutik på andra ställen, byt det där också.",
        ),
    })
}
