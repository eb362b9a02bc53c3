//! The persona resolver: disagreement between reviewing personas, its severity, and what follows from it.
//!
//! Two profiles exist because two originals did; they differ in severities and in how many personas make an unanimous
//! concern. Sums are taken in the order of the input, so that numbers match to the bit.

mod types;

use crate::error::CrdtError;
use crate::json::number::text_of;
use crate::score::Score;
use crate::time::Finite;

pub use types::{
    BRIER_DRIFT_THRESHOLD, PersonaConflict, PersonaConflictType, PersonaOutput, PersonaResolution,
    PersonaStrategy, PersonaSummary, Profile, Scorecard, Thresholds,
};

/// Finds and resolves disagreements under fixed thresholds.
///
/// ```
/// use chrysalis_crdt::conflict::persona::{PersonaOutput, PersonaResolver};
///
/// let output = |id: &str, risk| PersonaOutput {
///     persona_id: id.into(), risk_score: Some(risk), confidence: 0.5, scorecard: None,
/// };
/// let resolver = PersonaResolver::default();
/// let summary = resolver.resolve(&[output("ada", 0.9), output("bob", 0.2)])?;
/// assert_eq!((summary.conflicts_detected, summary.final_confidence_cap), (1, 0.9));
/// # Ok::<(), chrysalis_crdt::CrdtError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PersonaResolver {
    /// When a measure becomes a conflict.
    pub thresholds: Thresholds,
    /// Whose numbers to reproduce.
    pub profile: Profile,
}

impl PersonaResolver {
    /// The conflicts among `outputs`, at most one of each kind, in the order of the kinds.
    ///
    /// Of several outputs of one persona, the first is its role's.
    ///
    /// # Errors
    /// [`CrdtError::NotFinite`] and [`CrdtError::OutOfRange`] for a score outside its range.
    pub fn detect(&self, outputs: &[PersonaOutput]) -> Result<Vec<PersonaConflict>, CrdtError> {
        outputs.iter().try_for_each(check)?;
        let conflicts = [
            self.risk_disagreement(outputs),
            self.confidence_mismatch(outputs),
            self.threshold_boundary(outputs),
            self.blind_spot(outputs),
            self.unanimous_concern(outputs),
        ];
        Ok(conflicts.into_iter().flatten().collect())
    }

    /// Whether there is any conflict.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn has_conflicts(&self, outputs: &[PersonaOutput]) -> Result<bool, CrdtError> {
        Ok(!self.detect(outputs)?.is_empty())
    }

    /// Detects and resolves.
    ///
    /// # Errors
    /// As [`detect`](Self::detect).
    pub fn resolve(&self, outputs: &[PersonaOutput]) -> Result<PersonaSummary, CrdtError> {
        Ok(resolve_all(&self.detect(outputs)?))
    }

    fn risk_disagreement(&self, outputs: &[PersonaOutput]) -> Option<PersonaConflict> {
        let scores = risk_scores(outputs);
        if scores.len() < 2 {
            return None;
        }
        // The folds of either profile: scores are from 0 to 1, so the starts of the second change nothing.
        let (least, greatest) = match self.profile {
            Profile::Ts => (f64::INFINITY, f64::NEG_INFINITY),
            Profile::Ocaml => (1.0, 0.0),
        };
        let max = scores.iter().copied().fold(greatest, f64::max);
        let min = scores.iter().copied().fold(least, f64::min);
        let difference = max - min;
        (difference > self.thresholds.risk_disagreement).then(|| PersonaConflict {
            kind: PersonaConflictType::RiskDisagreement,
            personas: scored(outputs),
            severity: (difference / 0.5).min(1.0),
            description: [
                "risk scores differ by ",
                &text_of(difference),
                ", from ",
                &text_of(min),
                " to ",
                &text_of(max),
            ]
            .concat(),
            data: vec![("maxRisk", max), ("minRisk", min), ("difference", difference)],
            blind_spots: Vec::new(),
            suggested_resolution: PersonaStrategy::WeightedAverage,
        })
    }

    fn confidence_mismatch(&self, outputs: &[PersonaOutput]) -> Option<PersonaConflict> {
        let (david, phil) = (persona(outputs, "david")?, persona(outputs, "phil")?);
        let over = david.scorecard.as_ref()?.overconfidence_risk?;
        let phil = phil.confidence;
        let thresholds = &self.thresholds;
        (over > thresholds.overconfidence_risk && phil > thresholds.phil_confidence).then(|| {
            PersonaConflict {
                kind: PersonaConflictType::ConfidenceMismatch,
                personas: vec!["david".into(), "phil".into()],
                severity: (over / 10.0 * phil).min(1.0),
                description: [
                    "overconfidence risk is ",
                    &text_of(over),
                    " while phil's confidence is ",
                    &text_of(phil),
                ]
                .concat(),
                data: vec![("overconfidenceRisk", over), ("philConfidence", phil)],
                blind_spots: Vec::new(),
                suggested_resolution: PersonaStrategy::ConservativeMerge,
            }
        })
    }

    fn threshold_boundary(&self, outputs: &[PersonaOutput]) -> Option<PersonaConflict> {
        let average = mean(&risk_scores(outputs))?;
        let (low, high) = (self.thresholds.threshold_boundary_low, self.thresholds.threshold_boundary_high);
        (low <= average && average <= high).then(|| PersonaConflict {
            kind: PersonaConflictType::ThresholdBoundary,
            personas: scored(outputs),
            severity: match self.profile {
                Profile::Ts => 0.5,
                Profile::Ocaml => 0.8,
            },
            description: [
                "average risk ",
                &text_of(average),
                " is at the boundary from ",
                &text_of(low),
                " to ",
                &text_of(high),
            ]
            .concat(),
            data: vec![("averageRisk", average), ("boundaryLow", low), ("boundaryHigh", high)],
            blind_spots: Vec::new(),
            suggested_resolution: PersonaStrategy::HumanEscalation,
        })
    }

    fn blind_spot(&self, outputs: &[PersonaOutput]) -> Option<PersonaConflict> {
        let scorecard = persona(outputs, "david")?.scorecard.as_ref()?;
        let spots = scorecard.blind_spots.as_ref().or(scorecard.blind_spot_detection.as_ref())?;
        let count = count(spots.len());
        (spots.len() >= self.thresholds.blind_spots_minimum).then(|| PersonaConflict {
            kind: PersonaConflictType::BlindSpot,
            personas: vec!["david".into()],
            severity: match self.profile {
                Profile::Ts => (count / 10.0).min(1.0),
                Profile::Ocaml => (count / 5.0).min(1.0),
            },
            description: [&text_of(count), " blind spots"].concat(),
            data: vec![("count", count)],
            blind_spots: spots.clone(),
            suggested_resolution: PersonaStrategy::HumanEscalation,
        })
    }

    fn unanimous_concern(&self, outputs: &[PersonaOutput]) -> Option<PersonaConflict> {
        let enough = match self.profile {
            Profile::Ts => 3,
            Profile::Ocaml => 1,
        };
        if outputs.len() < enough {
            return None;
        }
        let confidences: Vec<f64> = outputs.iter().map(|output| output.confidence).collect();
        let average = mean(&confidences)?;
        let threshold = self.thresholds.unanimous_confidence;
        (average > threshold).then(|| PersonaConflict {
            kind: PersonaConflictType::UnanimousConcern,
            personas: outputs.iter().map(|output| output.persona_id.clone()).collect(),
            severity: match self.profile {
                Profile::Ts => (average - threshold).clamp(0.0, 1.0),
                Profile::Ocaml => (average - threshold) / 0.15,
            },
            description: ["average confidence ", &text_of(average), " is over ", &text_of(threshold)]
                .concat(),
            data: vec![("averageConfidence", average), ("threshold", threshold)],
            blind_spots: Vec::new(),
            suggested_resolution: PersonaStrategy::ConservativeMerge,
        })
    }
}

/// Resolves one conflict by the strategy it suggests.
#[must_use]
pub fn resolve_conflict(conflict: &PersonaConflict) -> PersonaResolution {
    let strategy = conflict.suggested_resolution;
    let adjustment = conflict.kind.adjustment();
    let resolved = strategy != PersonaStrategy::HumanEscalation;
    let explanation = [
        conflict.kind.as_str(),
        ": ",
        &conflict.description,
        "; ",
        strategy.as_str(),
        ", confidence ",
        &text_of(adjustment),
    ]
    .concat();
    PersonaResolution { strategy, adjustment, resolved, explanation }
}

/// Resolves all conflicts and sums up.
#[must_use]
pub fn resolve_all(conflicts: &[PersonaConflict]) -> PersonaSummary {
    let resolutions: Vec<PersonaResolution> = conflicts.iter().map(resolve_conflict).collect();
    let total_adjustment = resolutions.iter().fold(0.0, |sum, one| sum + one.adjustment).max(-0.4);
    let conflicts_resolved = resolutions.iter().filter(|one| one.resolved).count();
    PersonaSummary {
        total_adjustment,
        requires_human_review: conflicts_resolved < conflicts.len(),
        final_confidence_cap: 1.0 + total_adjustment,
        conflicts_detected: conflicts.len(),
        conflicts_resolved,
        explanations: resolutions.into_iter().map(|one| one.explanation).collect(),
    }
}

fn check(output: &PersonaOutput) -> Result<(), CrdtError> {
    Score::new(output.confidence)?;
    if let Some(risk) = output.risk_score {
        Score::new(risk)?;
    }
    if let Some(over) = output.scorecard.as_ref().and_then(|card| card.overconfidence_risk) {
        Finite::new(over)?;
        if !(0.0..=10.0).contains(&over) {
            return Err(CrdtError::OutOfRange("overconfidence risk is not from 0 to 10"));
        }
    }
    Ok(())
}

fn persona<'a>(outputs: &'a [PersonaOutput], id: &str) -> Option<&'a PersonaOutput> {
    outputs.iter().find(|output| output.persona_id == id)
}

fn risk_scores(outputs: &[PersonaOutput]) -> Vec<f64> {
    outputs.iter().filter_map(|output| output.risk_score).collect()
}

fn scored(outputs: &[PersonaOutput]) -> Vec<String> {
    outputs
        .iter()
        .filter(|output| output.risk_score.is_some())
        .map(|output| output.persona_id.clone())
        .collect()
}

/// The mean, summed from the first to the last; none of nothing.
fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().fold(0.0, |sum, number| sum + number) / count(numbers.len()))
}

#[expect(clippy::cast_precision_loss, reason = "no list in memory has 2^53 items")]
fn count(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(id: &str, risk: Option<f64>, confidence: f64) -> PersonaOutput {
        PersonaOutput { persona_id: id.into(), risk_score: risk, confidence, scorecard: None }
    }

    fn david(over: Option<f64>, spots: usize) -> PersonaOutput {
        let blind_spots = Some(vec!["x".to_owned(); spots]);
        let scorecard = Scorecard { overconfidence_risk: over, blind_spots, blind_spot_detection: None };
        PersonaOutput { scorecard: Some(scorecard), ..output("david", None, 0.5) }
    }

    const OCAML: PersonaResolver =
        PersonaResolver { profile: Profile::Ocaml, thresholds: PersonaResolver::ORIGINAL.thresholds };

    impl PersonaResolver {
        const ORIGINAL: Self = Self {
            profile: Profile::Ts,
            thresholds: Thresholds {
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
            },
        };
    }

    fn only(resolver: &PersonaResolver, outputs: &[PersonaOutput]) -> PersonaConflict {
        let mut conflicts = resolver.detect(outputs).unwrap();
        assert_eq!(conflicts.len(), 1, "{conflicts:?}");
        conflicts.remove(0)
    }

    #[test]
    fn thresholds_are_those_of_the_originals() {
        assert_eq!(PersonaResolver::default(), PersonaResolver::ORIGINAL);
    }

    #[test]
    fn risk_disagreement_keeps_the_float_edge() {
        let ts = PersonaResolver::default();
        // 0.4 - 0.1 is 0.30000000000000004.
        let conflict =
            only(&ts, &[output("a", Some(0.4), 0.5), output("b", None, 0.5), output("c", Some(0.1), 0.5)]);
        assert_eq!(conflict.kind, PersonaConflictType::RiskDisagreement);
        assert_eq!(conflict.personas, ["a", "c"]);
        assert_eq!(conflict.severity.to_bits(), ((0.4f64 - 0.1) / 0.5).to_bits());
        assert_eq!(
            conflict.data.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["maxRisk", "minRisk", "difference"]
        );
        assert!(!ts.has_conflicts(&[output("a", Some(0.9), 0.5), output("b", Some(0.65), 0.5)]).unwrap());
        assert!(!ts.has_conflicts(&[output("a", Some(0.9), 0.5)]).unwrap());
        assert_eq!(only(&ts, &[output("a", Some(1.0), 0.5), output("b", Some(0.0), 0.5)]).severity, 1.0);
    }

    #[test]
    fn confidence_mismatch_needs_both_roles_above_both_thresholds() {
        let ts = PersonaResolver::default();
        let conflict = only(&ts, &[david(Some(8.0), 0), output("phil", None, 0.9)]);
        assert_eq!(conflict.kind, PersonaConflictType::ConfidenceMismatch);
        assert_eq!(conflict.severity.to_bits(), (8.0f64 / 10.0 * 0.9).to_bits());
        for (over, phil) in [(7.0, 0.9), (8.0, 0.7)] {
            assert!(!ts.has_conflicts(&[david(Some(over), 0), output("phil", None, phil)]).unwrap());
        }
        assert!(!ts.has_conflicts(&[david(Some(8.0), 0)]).unwrap());
        assert!(!ts.has_conflicts(&[david(None, 0), output("phil", None, 0.9)]).unwrap());
    }

    #[test]
    fn threshold_boundary_includes_both_ends() {
        let ts = PersonaResolver::default();
        for risk in [0.28, 0.3, 0.32] {
            let conflict = only(&ts, &[output("a", Some(risk), 0.5)]);
            assert_eq!((conflict.kind, conflict.severity), (PersonaConflictType::ThresholdBoundary, 0.5));
        }
        assert_eq!(only(&OCAML, &[output("a", Some(0.3), 0.5)]).severity, 0.8);
        assert!(!ts.has_conflicts(&[output("a", Some(0.27), 0.5)]).unwrap());
        assert!(!ts.has_conflicts(&[output("a", None, 0.5)]).unwrap());
    }

    #[test]
    fn blind_spots_have_two_names_and_two_scales() {
        let ts = PersonaResolver::default();
        assert_eq!(only(&ts, &[david(None, 4)]).severity, 0.4);
        assert_eq!(only(&OCAML, &[david(None, 4)]).severity, 0.8);
        assert_eq!(only(&OCAML, &[david(None, 9)]).severity, 1.0);
        assert!(!ts.has_conflicts(&[david(None, 2)]).unwrap());
        let mut older = david(None, 0);
        let spots = Some(vec!["a".to_owned(), "b".into(), "c".into()]);
        older.scorecard = Some(Scorecard { blind_spot_detection: spots.clone(), ..Scorecard::default() });
        assert_eq!(Some(only(&ts, &[older.clone()]).blind_spots), spots);
        older.scorecard = Some(Scorecard {
            blind_spots: Some(Vec::new()),
            blind_spot_detection: spots,
            ..Scorecard::default()
        });
        assert!(!ts.has_conflicts(&[older]).unwrap());
    }

    #[test]
    fn unanimous_concern_by_profile() {
        let sure = |n: usize| (0..n).map(|i| output(&format!("p{i}"), None, 0.95)).collect::<Vec<_>>();
        let ts = PersonaResolver::default();
        assert!(!ts.has_conflicts(&sure(2)).unwrap());
        let conflict = only(&ts, &sure(3));
        let average = (0.95 + 0.95 + 0.95) / 3.0;
        assert_eq!(conflict.severity.to_bits(), (average - 0.85f64).to_bits());
        assert_eq!(conflict.personas.len(), 3);
        assert_eq!(only(&OCAML, &sure(1)).severity.to_bits(), ((0.95f64 - 0.85) / 0.15).to_bits());
    }

    #[test]
    fn sums_are_taken_in_the_order_of_the_input() {
        let ts = PersonaResolver::default();
        let scores = [0.1, 0.2, 0.3, 0.6];
        let outputs: Vec<_> = scores.iter().map(|risk| output("p", Some(*risk), 0.5)).collect();
        let conflicts = ts.detect(&outputs).unwrap();
        let average = conflicts[1].data[0].1;
        assert_eq!(average.to_bits(), ((0.0 + 0.1 + 0.2 + 0.3 + 0.6) / 4.0f64).to_bits());
    }

    #[test]
    fn the_aggregate_is_bounded_and_counts() {
        let nothing = PersonaResolver::default().resolve(&[]).unwrap();
        let empty = PersonaSummary {
            total_adjustment: 0.0,
            requires_human_review: false,
            explanations: Vec::new(),
            final_confidence_cap: 1.0,
            conflicts_detected: 0,
            conflicts_resolved: 0,
        };
        assert_eq!(nothing, empty);
        assert!(nothing.total_adjustment.is_sign_positive());
        let mut david = david(Some(9.0), 5);
        (david.risk_score, david.confidence) = (Some(0.0), 1.0);
        let outputs = [david, output("phil", Some(0.6), 1.0), output("c", Some(0.3), 1.0)];
        let conflicts = PersonaResolver::default().detect(&outputs).unwrap();
        assert_eq!(conflicts.iter().map(|one| one.kind as u8).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let summary = PersonaResolver::default().resolve(&outputs).unwrap();
        assert_eq!((summary.conflicts_detected, summary.conflicts_resolved), (5, 3));
        assert_eq!((summary.total_adjustment, summary.final_confidence_cap), (-0.4, 0.6));
        assert!(summary.requires_human_review);
        // Every explanation has the measured numbers.
        for (conflict, explanation) in conflicts.iter().zip(&summary.explanations) {
            assert!(
                conflict.data.iter().all(|(_, number)| explanation.contains(&number.to_string())),
                "{explanation}"
            );
        }
    }

    #[test]
    fn adjustments_and_names_by_kind() {
        let kinds = [
            (PersonaConflictType::RiskDisagreement, "risk_disagreement", -0.1),
            (PersonaConflictType::ConfidenceMismatch, "confidence_mismatch", -0.2),
            (PersonaConflictType::ThresholdBoundary, "threshold_boundary", -0.2),
            (PersonaConflictType::BlindSpot, "blind_spot", -0.2),
            (PersonaConflictType::UnanimousConcern, "unanimous_concern", -0.15),
            (PersonaConflictType::UnanimousWarning, "unanimous_warning", -0.15),
        ];
        for (kind, name, adjustment) in kinds {
            assert_eq!((kind.as_str(), kind.adjustment()), (name, adjustment));
        }
        let names = [
            PersonaStrategy::WeightedAverage,
            PersonaStrategy::ConservativeMerge,
            PersonaStrategy::HumanEscalation,
            PersonaStrategy::DeferToExpert,
            PersonaStrategy::DeferToCoordinator,
            PersonaStrategy::ConservativeBound,
        ]
        .map(PersonaStrategy::as_str);
        assert_eq!(names.len(), std::collections::BTreeSet::from(names).len());
    }

    #[test]
    fn scores_out_of_range_are_refused() {
        let resolver = PersonaResolver::default();
        let bad = [
            output("a", Some(1.1), 0.5),
            output("a", Some(f64::NAN), 0.5),
            output("a", None, -0.1),
            output("a", None, f64::INFINITY),
            david(Some(11.0), 0),
            david(Some(f64::NAN), 0),
        ];
        for output in bad {
            assert!(resolver.detect(&[output]).is_err());
        }
    }
}
