#pragma once
// A task of the pool whose end settles a promise: its way from a pool thread back to JavaScript.

#include <napi.h>

#include <memory>
#include <string>

#include "../pipeline/executor.h"
#include "environment.h"
#include "errors.h"

namespace kairank {

/// `Kind` is a Task. Whoever derives from it says what the promise resolves with.
template <typename Kind>
class Promised : public Kind, public Delivery, public OpenCall, public std::enable_shared_from_this<Promised<Kind>> {
 public:
  explicit Promised(Napi::Env env) : environment_(Environment::of(env)), channel_(environment_.channel()) {}

  /// Queues the task and returns the NativeJob { promise, cancel() }. Throws when the queue refuses it.
  Napi::Object submit(Napi::Env env) {
    Napi::Object object = Napi::Object::New(env);
    napi_value promise = nullptr;
    const napi_status status = napi_create_promise(env, &deferred_, &promise);
    NAPI_THROW_IF_FAILED(env, status, Napi::Object());
    open_ = true;
    number_ = environment_.admit(this->shared_from_this());
    try {
      object.Set("promise", promise);
      object.Set("cancel", Environment::cancelFunction(env, number_));
      Executor::shared().submit(this->shared_from_this());
    } catch (...) {
      // The promise is dropped unseen: nobody holds it.
      finish();
      throw;
    }
    return object;
  }

  // Task, on any thread.

  bool abandoned() const override { return Kind::abandoned() || channel_->closed(); }

  void settled(Status status, const std::string& message) noexcept override {
    end_ = Outcome::of(status, message.c_str());
    channel_->post(this->shared_from_this());
  }

  // Delivery and OpenCall, on the JavaScript thread.

  void deliver(Napi::Env env) override {
    if (!open_) return;
    finish();
    try {
      const Napi::Value made = guard(env, [&] {
        if (!end_.ok()) throw Error(end_.status, end_.message);
        return reply(env);
      });
      napi_resolve_deferred(env, deferred_, made);
    } catch (const Napi::Error& error) {
      napi_reject_deferred(env, deferred_, error.Value());
    }
  }

  void cancel(Napi::Env env) override {
    if (!open_) return;
    finish();
    Kind::cancel();
    Executor::shared().withdraw(*this);
    napi_reject_deferred(env, deferred_, codedError(env, Status::aborted, "The call was aborted.").Value());
  }

  void leave() noexcept override {
    open_ = false;
    Kind::cancel();
  }

 protected:
  /// What the promise resolves with.
  virtual Napi::Value reply(Napi::Env env) const = 0;

 private:
  void finish() {
    open_ = false;
    environment_.dismiss(number_);
  }

  Environment& environment_;  // JavaScript thread only
  std::shared_ptr<Channel> channel_;
  napi_deferred deferred_ = nullptr;
  uint64_t number_ = 0;
  bool open_ = false;  // the promise is not settled; JavaScript thread only
  Outcome end_;        // written before the delivery is posted
};

}  // namespace kairank
