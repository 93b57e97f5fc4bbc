#pragma once
// What learners read: histories to fit, and cases to choose settings by.

#include <string>
#include <utility>
#include <vector>

#include "../include/events.h"

namespace kairank {

struct Dataset {
  uint32_t items = 0;
  Histories train;
  Cases validation;  // none: settings keep their defaults
};

/// @throws Error(invalidArgument) on offsets, rows or targets out of range.
void checkHistories(const Histories& histories, uint32_t items);
void checkCases(const Cases& cases, uint32_t items);
void checkLists(const ShownLists& lists, uint32_t items);

/// The positive events of all users in one block, and where each item occurs in it.
struct Positives {
  std::vector<uint64_t> offsets;  // users + 1
  std::vector<uint32_t> rows;
  std::vector<float> weights;
  std::vector<uint64_t> itemOffsets;  // items + 1
  std::vector<uint64_t> places;       // of each item in `rows`, ascending
  std::vector<uint32_t> users;        // owner of each event
  std::vector<float> popularity;      // items: sum of weights

  uint32_t userCount() const { return static_cast<uint32_t>(offsets.size() - 1); }
  uint32_t itemCount() const { return static_cast<uint32_t>(itemOffsets.size() - 1); }
};

Positives positivesOf(const Histories& histories, uint32_t items);

/// The share of all positive events that is newer than each, in the order of Positives: 0 for the newest, and for all
/// where none has a time of its own.
std::vector<float> newerShares(const Histories& histories);

/// One setting that was tried, and what it reached on validation.
struct Trial {
  std::vector<std::pair<std::string, double>> settings;
  double ndcg = 0;    // NDCG@10
  double recall = 0;  // recall@10
};

}  // namespace kairank
