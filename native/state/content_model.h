#pragma once
// What is known of items apart from what shoppers do with them (words, categories, numbers, pictures), and the tower
// that makes one vector of it.

#include <cstdint>
#include <string>
#include <vector>

namespace kairank {

/// One way of knowing items: a field of text or of attributes as weighted features, or vectors that the shop brings.
struct Modality {
  std::string name;
  uint32_t inputs = 0;  // dim of the vectors; 0: features
  float prior = 1;      // what it counts, beside others, before anything is learned

  // Features of item i: entries offsets[i] .. offsets[i + 1]. A feature is known by 32 bits of its name.
  std::vector<uint64_t> offsets;
  std::vector<uint32_t> features;
  std::vector<float> weights;  // above 0, before inverse document frequencies

  std::vector<float> vectors;  // items x inputs; zeros: the item has none
};

struct ContentFeatures {
  uint32_t items = 0;
  std::vector<Modality> modalities;
};

/// The part of the tower that reads one modality.
struct ModalityModel {
  std::string name;
  uint32_t inputs = 0;             // dim of the vectors; 0: features
  std::vector<uint32_t> features;  // rising: row f of the table is of features[f]
  std::vector<float> rarity;       // of each: its inverse document frequency
  std::vector<float> table;        // features (or inputs) x dim
  std::vector<float> attention;    // dim: how much the modality counts for an item, by what it says
  float bias = 0;                  // and whatever it says
};

/// Content and behaviour in one space: an item is the unit vector of its content plus what behaviour taught beside it;
/// a shopper the decayed sum of the items they had.
struct ContentModel {
  uint32_t items = 0;
  uint32_t dim = 0;
  std::vector<ModalityModel> modalities;
  std::vector<float> vectors;    // items x dim: unit content vectors, zeros where nothing is known of an item
  std::vector<float> behaviour;  // items x dim: what shoppers taught beside it; zeros where nothing
  float decay = 0.8f;            // weight of a history event: decay^(age in events)
  uint32_t maxEvents = 50;       // only the last events of a history count
};

/// Checks sizes and numbers, wherever they come from.
/// @throws Error(invalidArgument)
void checkContent(const ContentFeatures& features);
void checkContent(const ContentModel& model);

}  // namespace kairank
