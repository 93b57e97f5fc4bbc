#pragma once
// One event of a shopper's history, as every room of the core sees it.

#include <cstdint>
#include <vector>

#include "limits.h"

namespace kairank {

/// `weight` says how strongly the event speaks for its item: above 0 a positive (a purchase more than a view),
/// 0 neutral (an impression, a search), below 0 against it (a dismissal).
struct HistoryEvent {
  uint32_t row;   // item row, or kNoRow
  uint16_t type;  // index into the engine's table of event types
  uint16_t flags;
  float weight;
  double at;  // milliseconds since 1970; only differences and order are used
};

/// A day, in the milliseconds of HistoryEvent::at.
constexpr double kDayMillis = 86400000;

/// Histories of many users in one block: user u owns events[offsets[u] .. offsets[u+1]), oldest first.
struct Histories {
  std::vector<uint64_t> offsets;  // users + 1
  std::vector<HistoryEvent> events;

  uint32_t users() const { return offsets.empty() ? 0 : static_cast<uint32_t>(offsets.size() - 1); }
};

/// Cases to predict: case i asks for targets[targetOffsets[i] .. targetOffsets[i+1]) after history i.
struct Cases {
  Histories histories;
  std::vector<uint64_t> targetOffsets;
  std::vector<uint32_t> targets;
  std::vector<float> weights;  // of the targets, above 0; empty: each counts the same

  uint32_t count() const { return histories.users(); }
};

/// Where in a list an item was shown, when nobody said.
constexpr uint32_t kNoPosition = 0xFFFFFFFFu;

/// Lists that shoppers were shown: list i had rows[offsets[i] .. offsets[i + 1]), all of them distinct, after history
/// i.
struct ShownLists {
  Histories histories;  // of each list, what came before it
  std::vector<uint64_t> offsets;
  std::vector<uint32_t> rows;
  std::vector<uint32_t> positions;  // of each row, from 0, or kNoPosition
  std::vector<float> gains;         // of each row: what happened to it, 0 for nothing

  uint32_t count() const { return histories.users(); }
};

}  // namespace kairank
