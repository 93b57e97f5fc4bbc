#include "core.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "../include/status.h"
#include "../recall/content.h"
#include "request.h"
#include "serve.h"
#include "stages.h"

namespace kairank {

namespace {

constexpr std::chrono::seconds kCountInterval{1};
constexpr int kCountShare = 20;  // counting takes at most this part of a thread's time: one in twenty

/// Tokens to cores. Weak: whoever holds a handle, or a request in flight, keeps a core; the registry does not.
struct Registry {
  std::mutex mutex;
  uint64_t next = 1;
  std::unordered_map<uint64_t, std::weak_ptr<Core>> cores;
};

// Leaked: a pool thread may let go of the last core after static destructors have run.
Registry& registry() {
  static Registry* const shared = new Registry;
  return *shared;
}

}  // namespace

Core::Core(CoreSettings settings, uint64_t token)
    : Lane("engine", settings.queueLimit, kServeBatch,
           std::chrono::duration_cast<Task::Clock::duration>(
               std::chrono::duration<double, std::micro>(settings.gather))),
      eligibility(settings.columns),
      token_(token),
      settings_(std::move(settings)) {}

Core::~Core() { close(); }

std::shared_ptr<Core> Core::create(CoreSettings settings) {
  Registry& shared = registry();
  std::lock_guard<std::mutex> lock(shared.mutex);
  const uint64_t token = shared.next++;
  std::shared_ptr<Core> core(new Core(std::move(settings), token));
  shared.cores.emplace(token, core);
  return core;
}

std::shared_ptr<Core> Core::attach(uint64_t token) {
  Registry& shared = registry();
  std::shared_ptr<Core> core;
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    const auto found = shared.cores.find(token);
    if (found != shared.cores.end()) core = found->second.lock();
  }
  if (!core || core->closed()) {
    throw Error(Status::notFound, "token: no open engine has the token " + std::to_string(token));
  }
  return core;
}

void Core::close() {
  if (closed_.exchange(true)) return;
  Registry& shared = registry();
  std::lock_guard<std::mutex> lock(shared.mutex);
  shared.cores.erase(token_);
}

void Core::serve(Task* const* tasks, size_t count) {
  thread_local Server server;
  Request* requests[kServeBatch];
  for (size_t i = 0; i < count; ++i) requests[i] = static_cast<Request*>(tasks[i]);
  server.serve(*this, requests, count);
}

void Core::publish(std::shared_ptr<const ModelSet> models) {
  {
    std::lock_guard<std::mutex> lock(modelsMutex_);
    published_.swap(models);
    if (published_) popular_.reset();
    newcomers_.restart();
    if (published_) feedback.restart(*published_);
  }
  // What was replaced is freed here, outside the lock, unless a request still reads it.
}

std::shared_ptr<const ModelSet> Core::models() {
  std::shared_ptr<const ModelSet> current = held();
  return current ? current : popular();
}

size_t Core::append(uint32_t user, const HistoryEvent* events, size_t count) {
  const std::shared_ptr<const ModelSet> current = held();
  histories.append(user, events, count);
  feedback.statistics.note(events, count, items.size());
  return current && current->factors ? newcomers_.note(*current->factors, user, events, count) : 0;
}

size_t Core::place(const std::function<bool()>& stopped) {
  std::lock_guard<std::mutex> placing(placing_);
  const std::shared_ptr<const ModelSet> current = held();
  if (!current || !current->factors) return 0;
  std::shared_ptr<const Newcomers> placed = newcomers_.place(*current, histories, users.size(), stopped);
  if (placed) {
    std::lock_guard<std::mutex> lock(modelsMutex_);
    // Models of another training have newcomers of their own, and content may have been put meanwhile.
    if (published_ && published_->factors == current->factors) {
      auto grown = std::make_shared<ModelSet>(*published_);
      grown->newcomers = placed;
      published_ = std::move(grown);
    }
  }
  const Newcomers* now = placed ? placed.get() : current->newcomers.get();
  return now ? now->rows.size() : 0;
}

void Core::putContent(ContentFeatures content, const std::vector<uint32_t>& rows) {
  std::lock_guard<std::mutex> encoding(encoding_);
  std::shared_ptr<const ModelSet> current = held();
  if (!current || !current->content || rows.empty()) return;
  const auto late = encodeLate(*current->content, std::move(content), rows, current->lateContent.get());
  auto kept = std::make_shared<std::vector<uint64_t>>(*current->contentRows);
  for (uint32_t row : late->rows) {
    if (row < current->items) (*kept)[row >> 6] &= ~(uint64_t{1} << (row & 63));
  }
  std::lock_guard<std::mutex> lock(modelsMutex_);
  // Models of another training have other content, and newcomers may have been placed meanwhile.
  if (!published_ || published_->content != current->content) return;
  auto grown = std::make_shared<ModelSet>(*published_);
  grown->lateContent = late;
  grown->contentKept = std::move(kept);
  published_ = std::move(grown);
}

void Core::putAttributes(const AttributeValues& values, const std::vector<uint32_t>& rows) {
  std::lock_guard<std::mutex> encoding(encoding_);
  const std::shared_ptr<const ModelSet> current = held();
  if (!current || !current->attributes || rows.empty()) return;
  const auto late = addLateAttributes(*current->attributes, values, rows, current->lateAttributes.get());
  std::lock_guard<std::mutex> lock(modelsMutex_);
  if (!published_ || published_->attributes != current->attributes) return;
  auto grown = std::make_shared<ModelSet>(*published_);
  grown->lateAttributes = late;
  published_ = std::move(grown);
}

std::vector<uint32_t> Core::withoutContent() {
  const std::shared_ptr<const ModelSet> current = held();
  std::vector<uint32_t> rows;
  if (!current) return rows;
  for (uint32_t row = 0; row < items.size(); row++) {
    if (!eligibility.has(row)) continue;
    const bool unread = current->content && !current->contentOf(row);
    if (unread || (current->attributes && !current->attributesOf(row).any(*current->attributes))) rows.push_back(row);
  }
  return rows;
}

std::shared_ptr<const ModelSet> Core::held() {
  std::lock_guard<std::mutex> lock(modelsMutex_);
  return published_;
}

std::shared_ptr<const ModelSet> Core::popular() {
  std::shared_ptr<const ModelSet> current;
  {
    std::lock_guard<std::mutex> lock(modelsMutex_);
    current = popular_;
  }
  std::unique_lock<std::mutex> counting(counting_, std::defer_lock);
  if (current) {
    if (!counting.try_lock()) return current;
    const uint64_t now = histories.events();
    const bool moved = now - countedEvents_ > countedEvents_ / 10;
    if (now == countedEvents_ || (!moved && Clock::now() < countAgain_)) return current;
  } else {
    counting.lock();
    std::lock_guard<std::mutex> lock(modelsMutex_);
    if (popular_) return popular_;
  }
  const Clock::time_point start = Clock::now();
  const uint64_t events = histories.events();
  std::shared_ptr<const ModelSet> fresh = popularityModels(histories.popularity(items.size()));
  countedEvents_ = events;
  const Clock::time_point end = Clock::now();
  countAgain_ = end + std::max<Clock::duration>(kCountInterval, (end - start) * kCountShare);
  std::lock_guard<std::mutex> lock(modelsMutex_);
  popular_ = fresh;
  return fresh;
}

}  // namespace kairank
