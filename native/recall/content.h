#pragma once
// Content as vectors: of an item by its modalities, of a shopper by the items they had.

#include <memory>
#include <vector>

#include "../include/events.h"
#include "../state/content_model.h"
#include "../state/models.h"
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

/// What an item says by one modality, as inputs at unit length: its features that the model knows, or its vector. None
/// where it says nothing.
void readItem(const ModalityModel& model, const Modality& modality, uint32_t item, std::vector<TowerInput>& inputs);

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

/// The unit vector of what a shopper is after: the decayed sum of content and behaviour of their last items, those put
/// after training by their content alone. False, and zeros, when nothing is known of any. `late` may be null.
bool shopperContent(const ContentModel& model, const LateContent* late, const HistoryEvent* events, size_t count,
                    ContentScratch& scratch, float* out);

/// Encodes items of `content` whose modalities are matched to the model's by name; those that it lacks are absent,
/// those that the model lacks are left out. Rows (one an item) of which nothing is known are left out.
/// @throws Error(invalidArgument) when a modality has vectors of another dim than the model's.
std::shared_ptr<const LateContent> encodeLate(const ContentModel& model, ContentFeatures content,
                                              const std::vector<uint32_t>& rows, const LateContent* before);

/// Whether the model has any of these modalities, by name.
bool readsContent(const ContentModel& model, const ContentFeatures& content);

/// The unit content vector (dim floats) of the one item of `content`, whose modalities are matched as in encodeLate.
/// False, and zeros, when the model knows nothing of what it says.
/// @throws Error(invalidArgument) as encodeLate
bool encodeAlone(const ContentModel& model, ContentFeatures content, ContentScratch& scratch, float* out);

/// Scales to unit length; leaves zeros, and returns the length there was.
float toUnit(float* vector, size_t dim);

}  // namespace kairank
