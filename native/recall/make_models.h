#pragma once
// From what training left behind to what recall and rank read.

#include <memory>
#include <vector>

#include "../state/content_model.h"
#include "../state/models.h"
#include "../state/sequence_model.h"

namespace kairank {

/// What a set of models is made of.
struct ModelParts {
  std::vector<float> popularity;  // decides the number of items
  std::vector<float> recent;      // of each item, in the last month; empty: nothing is known of it
  std::shared_ptr<const RulesModel> rules;
  std::shared_ptr<const FactorsModel> factors;
  std::shared_ptr<const SequenceModel> sequence;
  std::shared_ptr<const SessionsModel> sessions;
  std::shared_ptr<const ContentModel> content;
  AttentionModel attention;
  Blend blend;
  std::shared_ptr<const RankerModel> ranker;
  bool excludeSeen = true;
  std::shared_ptr<const AttributesModel> attributes{};  // what the ranker knows of fields; may be null
  // Of each item, the share of chances to take it again that were taken; empty: nothing is known of it.
  std::vector<float> returns{};
};

/// The set of these models, with all that is derived from them.
/// @throws Error(invalidArgument) when the models disagree about the items, or a number is not finite.
std::shared_ptr<const ModelSet> makeModels(ModelParts parts);

/// Sets how much an item's returns count for having it again, and what is derived from it.
void setReturning(ModelSet& models, float power);

/// Vectors (rows x dim, row-major) at unit length: cosine similarity becomes a dot product. Zeros stay zeros.
std::vector<float> unitRows(const float* vectors, size_t rows, size_t dim);

/// The parts of a set, to make another of.
ModelParts partsOf(const ModelSet& models);

}  // namespace kairank
