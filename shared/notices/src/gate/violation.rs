//! What the gate finds wrong.

use crate::element::Element;
use crate::header::Channel;
use crate::html::BadHtml;
use crate::markers::BadMark;
use crate::readability::Grade;
use crate::render::RenderError;
use crate::template::Part;

/// One reason to refuse a template or a notice. Never holds personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("the template does not serve the regime {regime:?}")]
    RegimeNotServed { regime: String },
    #[error("the element {0} is not declared in notice.toml")]
    NotDeclared(Element),
    #[error("{part} has no paragraph marked with the element {element}")]
    NotMarked { part: Part, element: Element },
    #[error("{part} marks the element {element}, which notice.toml does not declare")]
    Undeclared { part: Part, element: Element },
    #[error("{part} has an empty paragraph for the element {element}")]
    EmptyElement { part: Part, element: Element },
    #[error("{part} shows the element {element} without asking whether the regime has that block")]
    BlockForAll { part: Part, element: Element },
    #[error("{part}: {mark}")]
    BadMark { part: Part, mark: BadMark },
    #[error("notice.toml gives no phrase by which the fixed text of the element {0} is known")]
    NoPhrase(Element),
    #[error("{part} does not use `{name}`")]
    NotUsed { part: Part, name: &'static str },
    #[error("the subject prints `{name}`, and it is published")]
    PersonalSubject { name: &'static str },
    #[error("{part} does more with `{name}` than print it or ask whether it is there")]
    GapUsed { part: Part, name: &'static str },
    #[error("{part} uses `{word}` of the template engine, which no letter needs")]
    NotForLetters { part: Part, word: String },
    #[error(
        "body.html.j2 prints `name` otherwise than as <bdi>{{{{ name }}}}</bdi>, or something else in `bdi`"
    )]
    LooseName,
    #[error("the regime forbids the element {0}, and the template declares it")]
    ForbiddenDeclared(Element),
    #[error("the regime forbids the element {element}, and {part} carries it")]
    ForbiddenMarked { part: Part, element: Element },
    #[error("the regime forbids the element {element}, and {part} uses `{name}`")]
    ForbiddenUsed { part: Part, element: Element, name: &'static str },

    #[error("the notice is for {channel:?}, which the template does not serve")]
    ChannelNotServed { channel: Channel },
    #[error("the facts do not suffice: {0}")]
    Facts(RenderError),
    #[error("the data category {0:?} is unknown")]
    UnknownCategory(String),
    #[error("identity numbers leaked, and no identity theft service is on offer")]
    NoIdentityService,
    #[error("the identity theft service is free for {months} months, and the law wants {wanted}")]
    IdentityServiceTooShort { months: u16, wanted: u16 },
    #[error("the notice does not show the element {0}")]
    NotShown(Element),
    #[error("the notice shows the element {0}, which is a block of other regimes")]
    BlockOfOthers(Element),
    #[error("the merchant has no telephone number that is free to call in the United States")]
    NoTollFreeNumber,
    #[error("the notice shows the element {0}, which the regime forbids")]
    ForbiddenShown(Element),
    #[error("the notice does not show {0}")]
    Lacks(&'static str),
    #[error("the title {0:?} is missing")]
    NoTitle(&'static str),
    #[error("the heading {0:?} is missing or out of order")]
    NoHeading(&'static str),
    #[error("the section {heading:?} is empty")]
    EmptySection { heading: String },
    #[error("the text part lacks the heading {heading:?}, or has it out of order")]
    TextLacksHeading { heading: String },
    #[error("the text part and the HTML part differ from sign {at} on")]
    PartsDiffer { at: usize },
    #[error("a sentence has {words} words, and plain language has at most {limit}")]
    NotPlain { words: usize, limit: usize },
    #[error("a sentence has {signs} signs without a space, and plain language has at most {limit}")]
    NotPlainSigns { signs: usize, limit: usize },
    #[error(
        "the notice is too hard to read: {grade}, and the limit is {limit}. Make its sentences shorter, and its words more \
         common ones"
    )]
    TooHard { grade: Grade, limit: Grade },
    #[error("{part} hedges: {words:?}. Say what is known, and say of the rest that it is not yet known")]
    Hedge { part: Part, words: String },
    #[error("{part} sells: {words:?}. A notice to people says nothing beside the breach")]
    Marketing { part: Part, words: String },
    #[error("the regime forbids the element nature, and {part} tells of it: {words:?}")]
    TellsOfBreach { part: Part, words: String },
    #[error("the subject {0}")]
    Subject(&'static str),
    #[error("template syntax is left over in the notice")]
    LeftoverSyntax,
    #[error("the HTML cannot be read: {0}")]
    BadHtml(BadHtml),
    #[error("the HTML element `{0}` does not belong into a notice")]
    TagNotAllowed(String),
    #[error("the attribute `{attribute}` of `{tag}` does not belong into a notice")]
    AttributeNotAllowed { tag: String, attribute: String },
    #[error("`{tag}` may not stand in {within:?}. Move it where the shipped letters have it, or take it out")]
    Misplaced { tag: String, within: String },
    #[error(
        "the HTML is not one `html` of one `head` and one `body`, in this order, with at most one `title` and one `style`"
    )]
    Skeleton,
    #[error("more than eight line breaks stand in a row with nothing between them. Take out what is empty")]
    EmptySpace,
    #[error(
        "the style `{0}`, or its value, does not belong into a notice. Keep to what the shipped letters set"
    )]
    StyleNotAllowed(String),
    #[error(
        "letters hardly show on their ground. Set `color` and `background-color` together, as #rrggbb, with a contrast of \
         4.5 for text and for links"
    )]
    PoorContrast,
    #[error("text has no size, or not one of 10 to 48 points. Set `font-size` in pt or px, on the body too")]
    FontTooSmall,
    #[error(
        "the notice shows an address at {host:?}, which is neither the tenant's own nor an agency's. Take it out"
    )]
    ForeignLink { host: String },
    #[error("a link does not use https")]
    LinkNotHttps,
    #[error("a link shows something else than its address")]
    LinkDisguised,
    #[error(
        "an address leads to a page that is neither the notice page nor a home page. Point to the notice page, where \
         nobody logs in or gives secrets"
    )]
    PageNotAllowed,
    #[error(
        "a sign that nobody sees, or that turns the text around it. Type the text anew where you copied it from elsewhere"
    )]
    Unseen,
    #[error("the text message has {count} parts, and at most {limit} are allowed")]
    SmsTooLong { count: usize, limit: usize },
}
