#pragma once
// Answers requests of one core: history, eligibility and models of this moment, then the stages.

#include <memory>
#include <vector>

#include "../recall/content.h"
#include "request.h"

namespace kairank {

constexpr size_t kServeBatch = 32;        // requests answered together at most
constexpr size_t kHistoryEvents = 20000;  // the last events of a shopper that a request looks at

/// The working memory of one pool thread; buffers keep their capacity from batch to batch.
class Server {
 public:
  Server();

  /// Fills in the results of `count` requests, at most kServeBatch, all of `core`. Throws what goes wrong, and then
  /// none of them is answered.
  void serve(Core& core, Request* const* requests, size_t count);

 private:
  struct Seat {
    std::vector<HistoryEvent> events;
    std::vector<uint32_t> given;
    std::vector<float> intent;
    std::vector<float> content;
  };

  void ask(Core& core, const ModelSet& models, const OnlineView* online, Request& request, Seat& seat, Ask& ask);
  static void tell(Core& core, const OnlineLayer* layer, Request& request, const Seat& seat, Answer& answer);

  ScratchPtr scratch_;
  std::vector<Seat> seats_;
  std::vector<Ask> asks_;
  std::vector<Answer> answers_;
  IntentScratch intent_;
  ContentScratch content_;
};

}  // namespace kairank
