#pragma once
// A request of this environment: its promise, and the way from the pool thread that answered it back to JavaScript.

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../pipeline/request.h"
#include "environment.h"

namespace kairank {

class Call final : public Request, public Delivery, public OpenCall, public std::enable_shared_from_this<Call> {
 public:
  explicit Call(Napi::Env env);

  /// Ids to rank that were not known.
  std::vector<std::string> unknown;

  /// Queues the request and returns the NativeCall { promise, cancel() }. Throws when the queue refuses it.
  Napi::Object submit(Napi::Env env);

  // Request, on any thread.
  bool abandoned() const override { return Request::abandoned() || channel_->closed(); }
  void settled(Status status, const std::string& message) noexcept override;

  // Delivery and OpenCall, on the JavaScript thread.
  void deliver(Napi::Env env) override;
  void cancel(Napi::Env env) override;
  void leave() noexcept override;

 private:
  Napi::Object reply(Napi::Env env) const;
  void finish();

  Environment& environment_;  // JavaScript thread only
  std::shared_ptr<Channel> channel_;
  napi_deferred deferred_ = nullptr;
  uint64_t number_ = 0;
  bool open_ = false;  // the promise is not settled; JavaScript thread only

  Status status_ = Status::ok;  // written before the delivery is posted
  std::string message_;
};

}  // namespace kairank
