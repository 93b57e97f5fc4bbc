#pragma once
// What the shopper is looking for now, as the ranker reads it: how their last items spread over categories, brands,
// tags and bands of prices, and how each candidate goes with that.

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "../state/candidates.h"

namespace kairank {

constexpr size_t kInterestInputs = 6;
constexpr size_t kBands = 8;  // of equally many items each, that a number is told apart by

/// The shares of the shopper's last items, the newest counting most; made once a request.
struct InterestScratch {
  struct Spread {
    float known = 0;  // weight of the items that have the field
    float mean = 0;   // of their quantiles, for a number
    std::array<float, kBands> bands{};
  };
  std::vector<std::vector<std::pair<uint32_t, float>>> labels;  // by field of labels: each label's share
  std::vector<Spread> numbers;                                  // by field of numbers
  std::vector<float> known;                                     // by field of labels: weight of the items that have it

  /// `last`: rows of the last positive events, newest first, each weighing half of the one before it.
  void read(const ModelSet& models, const std::vector<uint32_t>& last);
};

/// Six inputs a candidate, rows `stride` apart; zeros where nothing is known of it or of the shopper's items:
/// of fields of labels, the most by which the share of the candidate's labels exceeds what they have among all items,
/// the mean share, and how many of the fields are known; of fields of numbers, means of how near (1 - distance in
/// quantiles) the candidate is to where the shopper moves, of how far above, and of the share of its band.
void interestInputs(const ModelSet& models, const Candidates& candidates, const std::vector<uint32_t>& chosen,
                    const std::vector<uint32_t>& last, InterestScratch& scratch, float* to, size_t stride);

}  // namespace kairank
