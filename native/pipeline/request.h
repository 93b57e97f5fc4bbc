#pragma once
// A task of a core: what the binding copied out of JavaScript, and what came of it.

#include <cstdint>
#include <memory>
#include <vector>

#include "../include/events.h"
#include "core.h"
#include "stages.h"

namespace kairank {

enum class RequestMode { recommend, rank, similar };

class Request : public Task {
 public:
  std::shared_ptr<Lane> lane() const override { return core; }

  // What is asked; set before it is submitted, then only read.
  std::shared_ptr<Core> core;
  RequestMode mode = RequestMode::recommend;
  bool hasUser = false;
  uint32_t user = kNoRow;                        // kNoRow: never heard of
  std::vector<HistoryEvent> events;              // of an anonymous visit or the item of `similar`, oldest first
  std::vector<uint32_t> given;                   // rows to rank
  std::shared_ptr<const ContentFeatures> words;  // of `similar` to no item: what is asked for, as one item's content
  std::vector<uint32_t> excluded;
  std::shared_ptr<LiveFilter> filter;  // null: every item
  int excludeSeen = -1;                // -1: as the mode and the models say, else 0 or 1
  uint64_t noted = 0;                  // what feedback will name the list by; 0: there will be none
  uint32_t k = 0;
  uint32_t candidates = 0;
  uint32_t reasons = 0;
  double now = 0;  // milliseconds since 1970

  // What came of it; written before `settled`.
  Answer answer;
  std::vector<HistoryEvent> reasonEvents;  // answer.rows x reasons; row kNoRow where there are fewer
  std::vector<uint32_t> refused;           // given rows that may not be shown
  bool known = true;                       // false: a user without a history, or words that no model reads
};

}  // namespace kairank
