//! What personas say, and what is found and decided about it.

/// What one persona said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonaOutput {
    /// Which persona. `david` and `phil` have roles of their own.
    pub persona_id: String,
    /// The risk it sees, from 0 to 1.
    pub risk_score: Option<f64>,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    /// What else it measured.
    pub scorecard: Option<Scorecard>,
}

/// The part of a persona's scorecard that conflicts depend on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scorecard {
    /// The risk that the others are too sure, from 0 to 10.
    pub overconfidence_risk: Option<f64>,
    /// What the others do not see.
    pub blind_spots: Option<Vec<String>>,
    /// An older name of the same list; counts only without `blind_spots`.
    pub blind_spot_detection: Option<Vec<String>>,
}

/// Whose numbers to reproduce.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// The TypeScript resolver. Severities are within 0 to 1.
    #[default]
    Ts,
    /// The OCaml resolver. The severity of an unanimous concern is unbounded above.
    Ocaml,
}

/// When a measure becomes a conflict. [`Default`] has the values of the originals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Greatest spread of risk scores without a conflict: 0.3.
    pub risk_disagreement: f64,
    /// Greatest overconfidence risk without a conflict: 7.
    pub overconfidence_risk: f64,
    /// Greatest confidence of `phil` without a conflict: 0.7.
    pub phil_confidence: f64,
    /// Least mean risk at the boundary: 0.28.
    pub threshold_boundary_low: f64,
    /// Greatest mean risk at the boundary: 0.32.
    pub threshold_boundary_high: f64,
    /// Fewest blind spots that are a conflict: 3.
    pub blind_spots_minimum: usize,
    /// Factor on confidence after a conflict: 0.8. Carried for callers.
    pub confidence_reduction: f64,
    /// Greatest mean confidence without a conflict: 0.85.
    pub unanimous_confidence: f64,
    /// Cap on confidence after a conflict: 0.6. Carried for callers.
    pub confidence_cap_on_conflict: f64,
    /// What counts as a high mean confidence: 0.8. Carried for callers.
    pub high_avg_confidence: f64,
}

/// How far a Brier score may drift. Carried for callers.
pub const BRIER_DRIFT_THRESHOLD: f64 = 0.25;

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            risk_disagreement: 0.3,
            overconfidence_risk: 7.0,
            phil_confidence: 0.7,
            threshold_boundary_low: 0.28,
            threshold_boundary_high: 0.32,
            blind_spots_minimum: 3,
            confidence_reduction: 0.8,
            unanimous_confidence: 0.85,
            confidence_cap_on_conflict: 0.6,
            high_avg_confidence: 0.8,
        }
    }
}

/// A kind of disagreement.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PersonaConflictType {
    /// Risk scores far apart.
    RiskDisagreement,
    /// One persona is sure where another sees overconfidence.
    ConfidenceMismatch,
    /// The mean risk lies where a decision flips.
    ThresholdBoundary,
    /// Many things that the others do not see.
    BlindSpot,
    /// Everyone is very sure.
    UnanimousConcern,
    /// As [`UnanimousConcern`](Self::UnanimousConcern); never detected, accepted for resolution.
    UnanimousWarning,
}

/// What to do about a disagreement.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PersonaStrategy {
    /// Average, weighted by confidence.
    WeightedAverage,
    /// Take the more careful side.
    ConservativeMerge,
    /// Ask a person.
    HumanEscalation,
    /// Follow the expert. Never suggested.
    DeferToExpert,
    /// Follow the coordinator. Never suggested.
    DeferToCoordinator,
    /// Take the more careful bound. Never suggested.
    ConservativeBound,
}

/// One disagreement.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonaConflict {
    /// Its kind.
    pub kind: PersonaConflictType,
    /// The personas in it, in the order of the input.
    pub personas: Vec<String>,
    /// How bad it is.
    pub severity: f64,
    /// What it says, with the measured numbers. For people.
    pub description: String,
    /// The measured numbers under their names in TypeScript.
    pub data: Vec<(&'static str, f64)>,
    /// The blind spots of a [`PersonaConflictType::BlindSpot`], else none.
    pub blind_spots: Vec<String>,
    /// What to do about it.
    pub suggested_resolution: PersonaStrategy,
}

/// What came of one disagreement.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonaResolution {
    /// The strategy that was followed.
    pub strategy: PersonaStrategy,
    /// What is added to confidence; never positive.
    pub adjustment: f64,
    /// Whether nobody needs to be asked.
    pub resolved: bool,
    /// Why, with the measured numbers. For people.
    pub explanation: String,
}

/// What came of all disagreements together.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonaSummary {
    /// The sum of all adjustments, at least -0.4.
    pub total_adjustment: f64,
    /// Whether someone needs to be asked.
    pub requires_human_review: bool,
    /// One explanation per conflict, in the order of detection.
    pub explanations: Vec<String>,
    /// What confidence may be at most.
    pub final_confidence_cap: f64,
    /// How many conflicts there are.
    pub conflicts_detected: usize,
    /// How many of them need nobody.
    pub conflicts_resolved: usize,
}

impl PersonaConflictType {
    /// The name in all languages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RiskDisagreement => "risk_disagreement",
            Self::ConfidenceMismatch => "confidence_mismatch",
            Self::ThresholdBoundary => "threshold_boundary",
            Self::BlindSpot => "blind_spot",
            Self::UnanimousConcern => "unanimous_concern",
            Self::UnanimousWarning => "unanimous_warning",
        }
    }

    /// What a conflict of this kind adds to confidence.
    #[must_use]
    pub const fn adjustment(self) -> f64 {
        match self {
            Self::RiskDisagreement => -0.1,
            Self::ConfidenceMismatch | Self::ThresholdBoundary | Self::BlindSpot => -0.2,
            Self::UnanimousConcern | Self::UnanimousWarning => -0.15,
        }
    }
}

impl PersonaStrategy {
    /// The name in all languages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WeightedAverage => "weighted_average",
            Self::ConservativeMerge => "conservative_merge",
            Self::HumanEscalation => "human_escalation",
            Self::DeferToExpert => "defer_to_expert",
            Self::DeferToCoordinator => "defer_to_coordinator",
            Self::ConservativeBound => "conservative_bound",
        }
    }
}
