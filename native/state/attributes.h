#pragma once
// What the catalogue says of items in few words: labels (categories, brands, tags, booleans) by 32 bits of their names,
// and numbers (prices) by where they stand among those of all items. The ranker holds candidates against the shopper's
// last items by them.

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace kairank {

constexpr size_t kQuantileCuts = 63;      // that a number's values are told apart by
constexpr float kNoQuantile = -1;         // the item has no such number
constexpr uint32_t kMostLabelSlots = 64;  // of all fields of labels together
constexpr uint32_t kMostNumberFields = 16;

/// Attributes as the catalogue has them.
struct AttributeValues {
  uint32_t items = 0;
  std::vector<uint32_t> slots;   // of each field of labels: how many of an item's labels are kept
  std::vector<uint32_t> labels;  // items x all slots: distinct within a field; 0 for none
  uint32_t numbers = 0;          // fields of numbers
  std::vector<double> values;    // items x numbers; NaN for none
};

struct AttributesModel;

/// One item's row in the tables below.
struct ItemAttributes {
  bool there = false;                // whether there is such a row
  const uint32_t* labels = nullptr;  // all slots, field by field
  const float* common = nullptr;     // of each: its share among all items
  const float* quantiles = nullptr;  // of each number, 0 to 1, or kNoQuantile

  /// Whether anything at all is known of the item.
  bool any(const AttributesModel& fields) const;
};

struct AttributesModel {
  uint32_t items = 0;
  std::vector<uint32_t> slots;
  uint32_t numbers = 0;
  std::vector<uint32_t> labels;  // items x all slots
  std::vector<float> quantiles;  // items x numbers
  std::vector<double> cuts;      // numbers x kQuantileCuts, rising

  // What completeAttributes derives from the fields above.
  uint32_t width = 0;         // all slots
  std::vector<float> common;  // items x all slots
  // By field, sorted by label: how large a part of the items that have any label have this one; an item of n labels
  // counts for a share of 1 / n of each.
  std::vector<std::vector<std::pair<uint32_t, float>>> shares;

  ItemAttributes of(uint32_t row) const;
};

/// Of items that were put after training, and of those that were put anew. Immutable.
struct LateAttributes {
  uint32_t width = 0;
  uint32_t numbers = 0;
  std::vector<uint32_t> rows;  // rising
  std::vector<uint32_t> labels;
  std::vector<float> common;  // 0 for a label that training did not know
  std::vector<float> quantiles;

  /// Not there for a row that is none of them.
  ItemAttributes of(uint32_t row) const;
};

/// @throws Error(invalidArgument) on wrong sizes, and numbers that are infinite.
void checkAttributes(const AttributeValues& values);

/// The model of what the catalogue says of all items.
/// @throws Error(invalidArgument)
std::shared_ptr<const AttributesModel> makeAttributes(const AttributeValues& values);

/// Checks sizes and numbers, wherever they come from, and derives the rest.
/// @throws Error(invalidArgument)
void completeAttributes(AttributesModel& model);

/// Adds rows, one an item of `values`, to those that were late before (null: none); a row counts as it was put last.
/// @throws Error(invalidArgument) where `values` has other fields than the model.
std::shared_ptr<const LateAttributes> addLateAttributes(const AttributesModel& model, const AttributeValues& values,
                                                        const std::vector<uint32_t>& rows,
                                                        const LateAttributes* before);

}  // namespace kairank
