//! The space of a local model's vectors.

use super::{LocalModel, ModelIdentity};
use crate::space::{Normalisation, Space, SpaceFields};

impl LocalModel {
    /// The space this model's vectors are in: two models with equal spaces give equal vectors.
    #[must_use]
    pub fn space(&self) -> Space {
        let ModelIdentity { model, weights, dimensions, engine, preprocessing, unit_length } =
            self.identity();
        let normalisation = if unit_length { Normalisation::Unit } else { Normalisation::AsGiven };
        Space::new(SpaceFields {
            provider: "local".to_owned(),
            model,
            weights: Some(weights),
            dimensions,
            engine: engine.to_owned(),
            preprocessing,
            normalisation,
        })
        .expect("a loaded model names itself in few characters, none of them a control character")
    }
}
