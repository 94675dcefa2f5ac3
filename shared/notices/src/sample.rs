//! An invented merchant and an invented incident: for previews, the gallery of all letters, and the tests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use crate::element::Element;
use crate::facts::{
    Counts, Filing, IdentityServices, Merchant, NoticeFacts, Occurred, Officer, Quantity, Texts,
};
use crate::template::Template;
use tocsin_domain::plan::Phase;

/// What a notice of the merchant could have as its reference.
pub const REFERENCE: &str = "LWX-7F3K-92QD";

/// The incident.
pub fn facts() -> NoticeFacts {
    NoticeFacts {
        merchant: merchant(),
        occurred: Occurred::Between { from: date(2026, 3, 1), to: date(2026, 3, 4) },
        discovered: Some(date(2026, 3, 6)),
        notice_date: date(2026, 3, 9),
        phase: Phase::First,
        late: false,
        law_enforcement_delay: false,
        data_categories: keys(&["email", "name", "order-history", "password-hash", "postal-address", "ssn"]),
        texts: texts(),
        identity_services: Some(IdentityServices {
            provider: "Example Identity Watch".to_owned(),
            months: 18,
            phone: "1-800-555-0155".to_owned(),
        }),
        counts: Counts {
            people: Quantity::About(48_200),
            records: Quantity::NotYetKnown,
            people_by_residence: BTreeMap::from([
                ("DE".to_owned(), 31_874),
                ("US-IL".to_owned(), 412),
                ("US-MA".to_owned(), 12),
            ]),
            accounts_by_brand: BTreeMap::from([
                ("Mastercard".to_owned(), Quantity::About(310)),
                ("Visa".to_owned(), Quantity::Exactly(1_204)),
            ]),
        },
        filing: Some(Filing {
            authority: "Example Data Protection Authority".to_owned(),
            earlier_number: None,
            aware: Some(date(2026, 3, 6).at(9, 40, 0, 0)),
            time_zone: Some("Europe/Berlin".to_owned()),
            people_categories: vec!["customers".to_owned(), "newsletter readers".to_owned()],
        }),
        reference_prefix: "LWX-".to_owned(),
    }
}

/// The same with what the law of a regime wants of the merchant: a number that is free to call, and an identity theft
/// service of its months.
pub fn facts_under(template: &Template, regime: &str) -> NoticeFacts {
    let mut facts = facts();
    if template.header().carried(regime).contains(&Element::TollFreeNumber) {
        facts.merchant.phone = Some("1-844-555-0142".to_owned());
    }
    let wanted = template.terms(regime).and_then(|terms| terms.service_months).unwrap_or(0);
    if let Some(services) = &mut facts.identity_services {
        services.months = services.months.max(wanted);
    }
    facts
}

/// The merchant.
pub fn merchant() -> Merchant {
    Merchant {
        name: "Lindenwerk".to_owned(),
        controller: "Lindenwerk Handel GmbH".to_owned(),
        affiliate: Some("Lindenwerk Holding AG".to_owned()),
        address: vec!["Beispielgasse 7".to_owned(), "10999 Berlin".to_owned(), "Germany".to_owned()],
        email: "privacy@lindenwerk.example".to_owned(),
        phone: Some("+49 30 5550 0142".to_owned()),
        dpo: Some(Officer {
            name: "Dr. Ada Muster".to_owned(),
            email: "dpo@lindenwerk.example".to_owned(),
            phone: None,
        }),
        website: "lindenwerk.example".to_owned(),
        notice_page: "https://www.lindenwerk.example/pages/notice".to_owned(),
    }
}

/// What the merchant says of the incident, in every language that ships.
fn texts() -> BTreeMap<String, Texts> {
    let of = |what: &str, consequences: &str, measures: &str| Texts {
        what_happened: Some(what.to_owned()),
        consequences: Some(consequences.to_owned()),
        measures: Some(measures.to_owned()),
        ..Texts::default()
    };
    BTreeMap::from([
        (
            "de".to_owned(),
            of(
                "Unbekannte sind in das Konto eines Dienstleisters eingedrungen.\n\nSie haben dort Daten von Kunden kopiert.",
                "Jemand könnte Ihnen glaubwürdige falsche Nachrichten schicken.",
                "Wir haben das Konto gesperrt und alle Zugänge erneuert.",
            ),
        ),
        (
            "en".to_owned(),
            of(
                "Unknown persons broke into the account of one of our service providers.\n\nThey copied data of customers there.",
                "Somebody could send you false messages that look real.",
                "We closed that account and renewed every access key.",
            ),
        ),
        (
            "es".to_owned(),
            of(
                "Unos desconocidos entraron en la cuenta de uno de nuestros proveedores.\n\nAllí copiaron datos de clientes.",
                "Alguien podría enviarle mensajes falsos que parezcan auténticos.",
                "Hemos cerrado esa cuenta y renovado todas las claves de acceso.",
            ),
        ),
        (
            "es-US".to_owned(),
            of(
                "Unos desconocidos entraron en la cuenta de uno de nuestros proveedores.\n\nAllí copiaron datos de clientes.",
                "Alguien podría enviarle mensajes falsos que parecen verdaderos.",
                "Cerramos esa cuenta y cambiamos todas las claves de acceso.",
            ),
        ),
        (
            "fr".to_owned(),
            of(
                "Des inconnus se sont introduits dans le compte d'un de nos prestataires.\n\nIls y ont copié des données de clients.",
                "Quelqu'un pourrait vous envoyer de faux messages crédibles.",
                "Nous avons fermé ce compte et renouvelé tous les accès.",
            ),
        ),
        (
            "it".to_owned(),
            of(
                "Sconosciuti sono entrati nell’account di un nostro fornitore.\n\nLì hanno copiato dati di clienti.",
                "Qualcuno potrebbe inviarle messaggi falsi, ma credibili.",
                "Abbiamo chiuso quell’account e rinnovato tutte le chiavi di accesso.",
            ),
        ),
        (
            "nl".to_owned(),
            of(
                "Onbekenden zijn binnengedrongen in het account van een van onze leveranciers.\n\nDaar hebben zij gegevens van klanten gekopieerd.",
                "Iemand zou u valse berichten kunnen sturen die echt lijken.",
                "Wij hebben dat account gesloten en alle toegangssleutels vernieuwd.",
            ),
        ),
        (
            "pl".to_owned(),
            of(
                "Nieznane osoby włamały się na konto jednego z naszych dostawców.\n\nSkopiowały stamtąd dane klientów.",
                "Ktoś może wysyłać Państwu fałszywe wiadomości, które wyglądają na prawdziwe.",
                "Zamknęliśmy to konto i wymieniliśmy wszystkie klucze dostępu.",
            ),
        ),
        (
            "fr-CA".to_owned(),
            of(
                "Des inconnus se sont introduits dans le compte d'un de nos fournisseurs.\n\nIls y ont copié des renseignements de clients.",
                "Quelqu'un pourrait vous envoyer de faux messages qui semblent vrais.",
                "Nous avons fermé ce compte et renouvelé tous les accès.",
            ),
        ),
        (
            "ja".to_owned(),
            Texts {
                cause: Some("委託先の従業員のパスワードが、偽のメールによって盗まれたためです。".to_owned()),
                other: Some("この件については、警察にも相談しています。".to_owned()),
                ..of(
                    "何者かが、当社の委託先のアカウントに不正にログインしました。\n\nそこに保管されていたお客様の情報が複製されました。",
                    "本物のように見える偽のメッセージがお客様に届くおそれがあります。",
                    "当社はそのアカウントを閉鎖し、\nすべてのアクセスキーを更新しました。",
                )
            },
        ),
        (
            "pt".to_owned(),
            of(
                "Desconhecidos invadiram a conta de um dos nossos fornecedores.\n\nEles copiaram dados de clientes.",
                "Alguém pode enviar a você mensagens falsas que parecem verdadeiras.",
                "Fechamos essa conta e trocamos todas as chaves de acesso.",
            ),
        ),
        (
            "pt-PT".to_owned(),
            of(
                "Desconhecidos entraram na conta de um dos nossos fornecedores.\n\nCopiaram de lá dados de clientes.",
                "Alguém pode enviar-lhe mensagens falsas que parecem verdadeiras.",
                "Encerrámos essa conta e renovámos todas as chaves de acesso.",
            ),
        ),
        (
            "sv".to_owned(),
            of(
                "Okända personer tog sig in i ett konto hos en av våra leverantörer.\n\nDär kopierade de uppgifter om kunder.",
                "Du kan få falska meddelanden som ser äkta ut.",
                "Vi har stängt kontot och bytt ut alla åtkomstnycklar.",
            ),
        ),
    ])
}

/// Keys of categories.
pub fn keys(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}
