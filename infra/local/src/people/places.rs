//! Where demo people live, what they are called there, and which telephone numbers nobody has.

/// A jurisdiction whose law decides about its people.
#[derive(Debug)]
pub(super) struct Place {
    pub country: &'static str,
    /// Subdivisions by their ISO 3166-2 code without the country.
    pub provinces: &'static [&'static str],
    pub locales: &'static [&'static str],
    pub given: &'static [Name],
    pub family: &'static [Name],
    pub family_first: bool,
    pub phones: &'static [Range],
}

/// A name in its own script, and in the letters of a mailbox.
pub(super) type Name = (&'static str, &'static str);

/// Telephone numbers that belong to nobody: the prefix, and how many digits follow.
#[derive(Debug)]
pub(super) struct Range {
    pub prefix: &'static str,
    pub first: usize,
    pub count: usize,
    pub digits: usize,
}

impl Range {
    /// The first number of the range, which no other range has.
    pub fn name(&self) -> (&'static str, usize) {
        (self.prefix, self.first)
    }
}

const fn range(prefix: &'static str, first: usize, count: usize, digits: usize) -> Range {
    Range { prefix, first, count, digits }
}

/// Bundesnetzagentur, numbers for media productions.
const GERMAN: &[Range] = &[range("+4917139200", 0, 100, 2), range("+49176040690", 0, 100, 2)];
/// Arcep, numbers for audiovisual works: 06 39 98 xx xx.
const FRENCH: &[Range] = &[range("+3363998", 0, 10_000, 4)];
/// Ofcom, numbers for drama: 07700 900xxx.
const BRITISH: &[Range] = &[range("+447700900", 0, 1_000, 3)];
/// PTS, numbers for books and films: 070-174 06 05 to 99.
const SWEDISH: &[Range] = &[range("+467017406", 5, 95, 2)];
/// ComReg, numbers for drama: 020 91x xxxx. Also for whoever's own range is used up: it is the largest.
pub(super) const IRISH: &[Range] = &[range("+3532091", 0, 100_000, 5)];
/// ACMA, mobile numbers for creative works.
const AUSTRALIAN: &[Range] =
    &[range("+61491570", 156, 4, 3), range("+61491570", 6, 1, 3), range("+61491570", 110, 1, 3)];
/// North American Numbering Plan: 555-0100 to 555-0199 in each area.
const CALIFORNIAN: &[Range] =
    &[range("+1213555", 100, 100, 4), range("+1310555", 100, 100, 4), range("+1415555", 100, 100, 4)];
const OF_NEW_YORK: &[Range] =
    &[range("+1212555", 100, 100, 4), range("+1518555", 100, 100, 4), range("+1718555", 100, 100, 4)];
const TEXAN: &[Range] =
    &[range("+1214555", 100, 100, 4), range("+1512555", 100, 100, 4), range("+1713555", 100, 100, 4)];
const FLORIDIAN: &[Range] =
    &[range("+1305555", 100, 100, 4), range("+1407555", 100, 100, 4), range("+1813555", 100, 100, 4)];
const OF_WASHINGTON: &[Range] =
    &[range("+1206555", 100, 100, 4), range("+1253555", 100, 100, 4), range("+1509555", 100, 100, 4)];
/// Where no range is reserved (Italy, Spain, the Netherlands, Poland, Switzerland, Brazil, Japan): American
/// areas that none of the states above uses.
const FOREIGN: &[Range] = &[
    range("+1202555", 100, 100, 4),
    range("+1303555", 100, 100, 4),
    range("+1312555", 100, 100, 4),
    range("+1404555", 100, 100, 4),
    range("+1503555", 100, 100, 4),
    range("+1602555", 100, 100, 4),
    range("+1617555", 100, 100, 4),
    range("+1702555", 100, 100, 4),
    range("+1801555", 100, 100, 4),
    range("+1808555", 100, 100, 4),
];

const GERMAN_GIVEN: &[Name] = &[
    ("Anna", "anna"),
    ("Jörg", "joerg"),
    ("Zoë", "zoe"),
    ("Lukas", "lukas"),
    ("Hannelore", "hannelore"),
    ("Günther", "guenther"),
    ("Emine", "emine"),
    ("Kai-Uwe", "kai-uwe"),
];
const GERMAN_FAMILY: &[Name] = &[
    ("Müller", "mueller"),
    ("Schäfer", "schaefer"),
    ("von der Heide", "vonderheide"),
    ("Yılmaz", "yilmaz"),
    ("Groß", "gross"),
    ("Weber", "weber"),
    ("Öztürk", "oeztuerk"),
    ("Meyer-Landrut", "meyer-landrut"),
];
const FRENCH_GIVEN: &[Name] = &[
    ("Zoé", "zoe"),
    ("Jean-Luc", "jean-luc"),
    ("Élodie", "elodie"),
    ("François", "francois"),
    ("Aïcha", "aicha"),
    ("Noël", "noel"),
    ("Maëlys", "maelys"),
    ("Gérard", "gerard"),
];
const FRENCH_FAMILY: &[Name] = &[
    ("Lefèvre", "lefevre"),
    ("D’Aubigné", "daubigne"),
    ("Benali", "benali"),
    ("Garçon", "garcon"),
    ("Île-Bouchard", "ilebouchard"),
    ("Moreau", "moreau"),
    ("Œuvrard", "oeuvrard"),
    ("Traoré", "traore"),
];
const ITALIAN_GIVEN: &[Name] = &[
    ("Giulia", "giulia"),
    ("Niccolò", "niccolo"),
    ("Chiara", "chiara"),
    ("Andrea", "andrea"),
    ("Ludovica", "ludovica"),
    ("Gesù Maria", "gesumaria"),
];
const ITALIAN_FAMILY: &[Name] = &[
    ("Rossi", "rossi"),
    ("D’Angelo", "dangelo"),
    ("Cantù", "cantu"),
    ("De Luca", "deluca"),
    ("Lo Presti", "lopresti"),
    ("Ferrari", "ferrari"),
];
const SPANISH_GIVEN: &[Name] = &[
    ("José María", "josemaria"),
    ("Begoña", "begona"),
    ("Íñigo", "inigo"),
    ("Núria", "nuria"),
    ("Lucía", "lucia"),
    ("Xoán", "xoan"),
];
const SPANISH_FAMILY: &[Name] = &[
    ("García Núñez", "garcia"),
    ("Ibáñez", "ibanez"),
    ("Muñoz", "munoz"),
    ("Etxeberria", "etxeberria"),
    ("Puig i Font", "puig"),
    ("Peña", "pena"),
];
const DUTCH_GIVEN: &[Name] = &[
    ("Sjoerd", "sjoerd"),
    ("Loes", "loes"),
    ("Daniël", "daniel"),
    ("Fenna", "fenna"),
    ("Mohammed", "mohammed"),
    ("Noëlle", "noelle"),
];
const DUTCH_FAMILY: &[Name] = &[
    ("van ’t Hof", "vanthof"),
    ("de Vries", "devries"),
    ("IJzerman", "ijzerman"),
    ("El Idrissi", "elidrissi"),
    ("van der Meer", "vandermeer"),
    ("Bakker", "bakker"),
];
const POLISH_GIVEN: &[Name] = &[
    ("Łukasz", "lukasz"),
    ("Małgorzata", "malgorzata"),
    ("Zdzisława", "zdzislawa"),
    ("Paweł", "pawel"),
    ("Agnieszka", "agnieszka"),
    ("Grzegorz", "grzegorz"),
];
const POLISH_FAMILY: &[Name] = &[
    ("Wiśniewska", "wisniewska"),
    ("Dąbrowski", "dabrowski"),
    ("Żak", "zak"),
    ("Szczęsny", "szczesny"),
    ("Wójcik", "wojcik"),
    ("Łęcka", "lecka"),
];
const SWEDISH_GIVEN: &[Name] = &[
    ("Åsa", "asa"),
    ("Björn", "bjorn"),
    ("Elsa", "elsa"),
    ("Göran", "goran"),
    ("Maja", "maja"),
    ("Örjan", "orjan"),
];
const SWEDISH_FAMILY: &[Name] = &[
    ("Sjöberg", "sjoberg"),
    ("Åkesson", "akesson"),
    ("Lindström", "lindstrom"),
    ("Öberg", "oberg"),
    ("Nilsson", "nilsson"),
    ("Holm", "holm"),
];
const IRISH_GIVEN: &[Name] = &[
    ("Siobhán", "siobhan"),
    ("Oisín", "oisin"),
    ("Aoife", "aoife"),
    ("Pádraig", "padraig"),
    ("Niamh", "niamh"),
    ("Conor", "conor"),
];
const IRISH_FAMILY: &[Name] = &[
    ("O’Brien", "obrien"),
    ("Ní Bhriain", "nibhriain"),
    ("Mac Giolla", "macgiolla"),
    ("Murphy", "murphy"),
    ("Ó Sé", "ose"),
    ("Walsh", "walsh"),
];
const BRITISH_GIVEN: &[Name] = &[
    ("Olivia", "olivia"),
    ("Rhys", "rhys"),
    ("Siân", "sian"),
    ("Amit", "amit"),
    ("Chloë", "chloe"),
    ("Callum", "callum"),
];
const BRITISH_FAMILY: &[Name] = &[
    ("Smith", "smith"),
    ("Ap Rhys", "aprhys"),
    ("Patel", "patel"),
    ("MacDonald", "macdonald"),
    ("Featherstonehaugh", "featherstonehaugh"),
    ("O'Neill, Jr.", "oneill"),
];
const SWISS_GIVEN: &[Name] = &[
    ("Ueli", "ueli"),
    ("Céline", "celine"),
    ("Gian-Marco", "gian-marco"),
    ("Vreni", "vreni"),
    ("Flurina", "flurina"),
    ("René", "rene"),
];
const SWISS_FAMILY: &[Name] = &[
    ("Zürcher", "zuercher"),
    ("Bernasconi", "bernasconi"),
    ("Aebischer", "aebischer"),
    ("Cavegn", "cavegn"),
    ("Favre", "favre"),
    ("Nägeli", "naegeli"),
];
const AMERICAN_GIVEN: &[Name] = &[
    ("Emily", "emily"),
    ("DeShawn", "deshawn"),
    ("María", "maria"),
    ("Wei", "wei"),
    ("John \"Jack\"", "jack"),
    ("Priya", "priya"),
    ("Renée", "renee"),
    ("Tuấn", "tuan"),
];
const AMERICAN_FAMILY: &[Name] = &[
    ("Johnson", "johnson"),
    ("Nguyễn", "nguyen"),
    ("O'Connor", "oconnor"),
    ("Hernández", "hernandez"),
    ("Smith, Sr.", "smith"),
    ("Kim", "kim"),
    ("Washington", "washington"),
    ("Van Buren", "vanburen"),
];
const BRAZILIAN_GIVEN: &[Name] = &[
    ("João", "joao"),
    ("Conceição", "conceicao"),
    ("Luíza", "luiza"),
    ("Antônio", "antonio"),
    ("Thaís", "thais"),
    ("Iracema", "iracema"),
];
const BRAZILIAN_FAMILY: &[Name] = &[
    ("da Silva", "dasilva"),
    ("Gonçalves", "goncalves"),
    ("Araújo", "araujo"),
    ("dos Santos", "dossantos"),
    ("Nakamura", "nakamura"),
    ("Simões", "simoes"),
];
const AUSTRALIAN_GIVEN: &[Name] = &[
    ("Matilda", "matilda"),
    ("Lachlan", "lachlan"),
    ("Kylie", "kylie"),
    ("Yirrkala", "yirrkala"),
    ("Xin", "xin"),
    ("Bruce", "bruce"),
];
const AUSTRALIAN_FAMILY: &[Name] = &[
    ("Nguyen", "nguyen"),
    ("Taylor", "taylor"),
    ("Yunupingu", "yunupingu"),
    ("O'Shea", "oshea"),
    ("Papadopoulos", "papadopoulos"),
    ("Singh", "singh"),
];
const JAPANESE_GIVEN: &[Name] = &[
    ("花子", "hanako"),
    ("太郎", "taro"),
    ("さくら", "sakura"),
    ("翔太", "shota"),
    ("美咲", "misaki"),
    ("健一", "kenichi"),
];
const JAPANESE_FAMILY: &[Name] = &[
    ("佐藤", "sato"),
    ("鈴木", "suzuki"),
    ("髙橋", "takahashi"),
    ("田中", "tanaka"),
    ("渡邉", "watanabe"),
    ("伊藤", "ito"),
];

const fn in_state(state: &'static [&'static str], phones: &'static [Range]) -> Place {
    Place {
        country: "US",
        provinces: state,
        locales: &["en-US", "en-US", "es-US"],
        given: AMERICAN_GIVEN,
        family: AMERICAN_FAMILY,
        family_first: false,
        phones,
    }
}

const fn in_country(
    country: &'static str,
    provinces: &'static [&'static str],
    locales: &'static [&'static str],
    names: (&'static [Name], &'static [Name]),
    phones: &'static [Range],
) -> Place {
    Place { country, provinces, locales, given: names.0, family: names.1, family_first: false, phones }
}

pub(super) const PLACES: [Place; 18] = [
    in_country("DE", &["BE", "BY", "HH", "NW"], &["de-DE"], (GERMAN_GIVEN, GERMAN_FAMILY), GERMAN),
    in_country("FR", &["IDF", "OCC", "BRE"], &["fr-FR"], (FRENCH_GIVEN, FRENCH_FAMILY), FRENCH),
    in_country("IT", &["RM", "MI", "NA"], &["it-IT"], (ITALIAN_GIVEN, ITALIAN_FAMILY), FOREIGN),
    in_country("ES", &["MD", "CT", "PV"], &["es-ES", "ca-ES"], (SPANISH_GIVEN, SPANISH_FAMILY), FOREIGN),
    in_country("NL", &["NH", "UT", "FR"], &["nl-NL"], (DUTCH_GIVEN, DUTCH_FAMILY), FOREIGN),
    in_country("PL", &["14", "12", "22"], &["pl-PL"], (POLISH_GIVEN, POLISH_FAMILY), FOREIGN),
    in_country("SE", &["AB", "O", "M"], &["sv-SE"], (SWEDISH_GIVEN, SWEDISH_FAMILY), SWEDISH),
    in_country("IE", &["D", "CO", "G"], &["en-IE", "ga-IE"], (IRISH_GIVEN, IRISH_FAMILY), IRISH),
    in_country("GB", &["ENG", "SCT", "WLS", "NIR"], &["en-GB"], (BRITISH_GIVEN, BRITISH_FAMILY), BRITISH),
    in_country(
        "CH",
        &["ZH", "GE", "TI", "GR"],
        &["de-CH", "fr-CH", "it-CH"],
        (SWISS_GIVEN, SWISS_FAMILY),
        FOREIGN,
    ),
    in_state(&["CA"], CALIFORNIAN),
    in_state(&["NY"], OF_NEW_YORK),
    in_state(&["TX"], TEXAN),
    in_state(&["FL"], FLORIDIAN),
    in_state(&["WA"], OF_WASHINGTON),
    in_country("BR", &["SP", "RJ", "BA"], &["pt-BR"], (BRAZILIAN_GIVEN, BRAZILIAN_FAMILY), FOREIGN),
    in_country("AU", &["NSW", "VIC", "NT"], &["en-AU"], (AUSTRALIAN_GIVEN, AUSTRALIAN_FAMILY), AUSTRALIAN),
    Place {
        family_first: true,
        ..in_country("JP", &["13", "27", "01"], &["ja-JP"], (JAPANESE_GIVEN, JAPANESE_FAMILY), FOREIGN)
    },
];
