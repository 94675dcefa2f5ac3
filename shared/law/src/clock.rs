//! The instants that laws count from.

use crate::keyed::keyed;

keyed! {
    /// An instant of an incident that some law counts from. The written form is the one that the facts use.
    Clock, "clock" {
        /// The breach happened, as far as known. Costa Rica counts from it; nothing may lie before it.
        Occurrence = "occurrence",
        Suspicion = "suspicion",
        Detection = "detection",
        ReasonToBelieve = "reason_to_believe",
        /// A processor knew.
        ProcessorAwareness = "processor_awareness",
        Awareness = "awareness",
        Discovery = "discovery",
        Knowledge = "knowledge",
        Confirmation = "confirmation",
        /// A third-party agent determined that a breach occurred.
        AgentDetermination = "agent_determination",
        Determination = "determination",
        ScopeIdentified = "scope_identified",
        AssessmentCompleted = "assessment_completed",
        /// An ICT incident was classified as major (DORA).
        Classification = "classification",
        MaterialityDetermination = "materiality_determination",
        KeyCompromiseDiscovered = "key_compromise_discovered",
        IndividualNoticeSent = "individual_notice_sent",
        /// The first full notification reached the authority (NIS2: the 72-hour one).
        NotificationSubmitted = "notification_submitted",
        /// The initial report was submitted (DORA).
        InitialSubmitted = "initial_submitted",
        /// The latest intermediate report was submitted (DORA).
        IntermediateSubmitted = "intermediate_submitted",
        /// The authority of the rule's own jurisdiction was notified.
        AuthorityNotified = "authority_notified",
    }
}

impl Clock {
    /// What a due rule is called while this event has not happened: `P15D-after-individual-notice`.
    /// None for the clocks that state what somebody knew: those fall back to one another instead.
    pub const fn event_name(self) -> Option<&'static str> {
        match self {
            Clock::MaterialityDetermination => Some("materiality-determination"),
            Clock::IndividualNoticeSent => Some("individual-notice"),
            Clock::NotificationSubmitted => Some("notification"),
            Clock::InitialSubmitted => Some("initial-report"),
            Clock::IntermediateSubmitted => Some("intermediate-report"),
            Clock::AuthorityNotified => Some("authority-notice"),
            Clock::Occurrence
            | Clock::Suspicion
            | Clock::Detection
            | Clock::ReasonToBelieve
            | Clock::ProcessorAwareness
            | Clock::Awareness
            | Clock::Discovery
            | Clock::Knowledge
            | Clock::Confirmation
            | Clock::AgentDetermination
            | Clock::Determination
            | Clock::ScopeIdentified
            | Clock::AssessmentCompleted
            | Clock::Classification
            | Clock::KeyCompromiseDiscovered => None,
        }
    }

    /// The clocks that stand in for this one when the facts do not give it, nearest in meaning first; some twice.
    /// None for events: they have happened or they have not.
    pub fn nearest(self) -> Vec<Clock> {
        let near: &[Clock] = match self {
            Clock::Suspicion => &[Clock::ReasonToBelieve, Clock::Detection],
            Clock::Detection => &[Clock::Discovery, Clock::Awareness, Clock::Knowledge],
            Clock::ReasonToBelieve => {
                &[Clock::Awareness, Clock::Discovery, Clock::Knowledge, Clock::Suspicion]
            }
            Clock::ProcessorAwareness => &[Clock::AgentDetermination],
            Clock::Awareness => &[Clock::Discovery, Clock::Knowledge],
            Clock::Discovery => &[Clock::Awareness, Clock::Knowledge],
            Clock::Knowledge => &[Clock::Awareness, Clock::Discovery],
            Clock::Confirmation => &[Clock::Determination],
            Clock::AgentDetermination => {
                &[Clock::Determination, Clock::ProcessorAwareness, Clock::Confirmation]
            }
            Clock::Determination => {
                &[Clock::AgentDetermination, Clock::Confirmation, Clock::AssessmentCompleted]
            }
            Clock::ScopeIdentified | Clock::Classification => &[Clock::Determination, Clock::Confirmation],
            Clock::AssessmentCompleted => {
                &[Clock::Determination, Clock::Confirmation, Clock::ReasonToBelieve]
            }
            Clock::Occurrence
            | Clock::KeyCompromiseDiscovered
            | Clock::MaterialityDetermination
            | Clock::IndividualNoticeSent
            | Clock::NotificationSubmitted
            | Clock::InitialSubmitted
            | Clock::IntermediateSubmitted
            | Clock::AuthorityNotified => return Vec::new(),
        };
        near.iter().chain(Clock::KNOWING).copied().collect()
    }

    /// The clocks that state what somebody knew, in the order in which they stand in for any other of them.
    const KNOWING: &[Clock] = &[
        Clock::Awareness,
        Clock::Discovery,
        Clock::Knowledge,
        Clock::Detection,
        Clock::ReasonToBelieve,
        Clock::Confirmation,
        Clock::Determination,
        Clock::Suspicion,
        Clock::AssessmentCompleted,
        Clock::ProcessorAwareness,
        Clock::AgentDetermination,
    ];

    /// The clocks that this one can never lie before: facts that say so contradict themselves.
    pub const fn never_before(self) -> &'static [Clock] {
        match self {
            Clock::Occurrence => &[],
            Clock::Suspicion
            | Clock::Detection
            | Clock::ReasonToBelieve
            | Clock::ProcessorAwareness
            | Clock::Awareness
            | Clock::Discovery
            | Clock::Knowledge
            | Clock::AgentDetermination
            | Clock::KeyCompromiseDiscovered => &[Clock::Occurrence],
            Clock::Confirmation => &[Clock::Occurrence, Clock::Suspicion, Clock::Detection],
            Clock::AssessmentCompleted => &[Clock::Occurrence, Clock::Suspicion, Clock::ReasonToBelieve],
            Clock::Determination
            | Clock::ScopeIdentified
            | Clock::Classification
            | Clock::MaterialityDetermination
            | Clock::IndividualNoticeSent
            | Clock::NotificationSubmitted
            | Clock::AuthorityNotified => &[Clock::Occurrence, Clock::Awareness, Clock::Discovery],
            Clock::InitialSubmitted => &[Clock::Occurrence, Clock::Classification],
            Clock::IntermediateSubmitted => &[Clock::Occurrence, Clock::InitialSubmitted],
        }
    }
}
