#pragma once
// Content as vectors: of an item by its modalities, of a shopper by the items they had.

#include <vector>

#include "../include/events.h"
#include "../state/content_model.h"
#include "../state/votes.h"

namespace kairank {

/// A feature as the tower reads it: a row of a table, and its weight in a unit vector.
struct TowerInput {
  uint32_t row;
  float weight;
};

/// Features by name to rows of the modality's table, weighed by rarity, at unit length; unknown ones are left out.
void readFeatures(const ModalityModel& modality, const uint32_t* features, const float* weights, size_t count,
                  std::vector<TowerInput>& inputs);

/// Working memory of one thread.
struct ContentScratch {
  std::vector<TowerInput> inputs;
  std::vector<float> spoken;  // modalities x dim: what each says
  std::vector<float> shares;  // modalities
  std::vector<Vote> votes;
};

/// Fuses what modalities say (count x dim, row-major; absent ones have present[m] = 0) by attention:
/// shares = softmax of <attention_m, spoken_m> + bias_m over those present, out = their mean by shares. False, and
/// zeros, when none is present.
bool fuse(const std::vector<ModalityModel>& modalities, size_t dim, const float* spoken, const uint8_t* present,
          float* shares, float* out);

/// The unit content vector (dim floats) of one item of `content`, which has the model's modalities, in order. False,
/// and zeros, when the model knows nothing of what it says. `shares`, where not null, gets how much each modality
/// counted.
bool encodeContent(const ContentModel& model, const ContentFeatures& content, uint32_t item, ContentScratch& scratch,
                   float* out, float* shares = nullptr);

/// The unit vector of what a shopper is after: the decayed sum of content and behaviour of their last items. False, and
/// zeros, when the model knows none of them.
bool shopperContent(const ContentModel& model, const HistoryEvent* events, size_t count, ContentScratch& scratch,
                    float* out);

/// Scales to unit length; leaves zeros, and returns the length there was.
float toUnit(float* vector, size_t dim);

}  // namespace kairank
