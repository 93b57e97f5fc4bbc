#include "environment.h"

#include <utility>

#include "../include/status.h"
#include "errors.h"

namespace kairank {

void Channel::post(std::shared_ptr<Delivery> delivery) noexcept {
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!functions_[0]) return;
    waiting_.push_back(std::move(delivery));
    // One signal fetches all that wait.
    if (signalled_) return;
    signalled_ = napi_call_threadsafe_function(functions_[next_], nullptr, napi_tsfn_nonblocking) == napi_ok;
  } catch (...) {
    // No memory to queue the result and none to report it with: the caller's promise stays open.
  }
}

bool Channel::closed() const noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return !functions_[0];
}

void Channel::call(napi_env env, napi_value, void* context, void*) {
  if (!env) return;
  Channel* channel = static_cast<Channel*>(context);
  std::vector<std::shared_ptr<Delivery>> arrived;
  {
    std::lock_guard<std::mutex> lock(channel->mutex_);
    arrived.swap(channel->waiting_);
    channel->signalled_ = false;
    channel->next_ = 1 - channel->next_;
  }
  for (const std::shared_ptr<Delivery>& delivery : arrived) {
    try {
      Napi::HandleScope scope(env);
      delivery->deliver(Napi::Env(env));
    } catch (const Napi::Error&) {
      // The environment is terminating: there is nobody left to tell.
    }
  }
}

void Environment::create(Napi::Env env) {
  std::unique_ptr<Environment> made(new Environment(env));
  Environment* environment = made.get();
  // Functions and hook are made in this order because hooks run last in, first out: ours closes the channel before
  // Node closes the functions.
  for (napi_threadsafe_function& function : environment->channel_->functions_) {
    auto context = std::make_unique<std::shared_ptr<Channel>>(environment->channel_);
    const napi_status status = napi_create_threadsafe_function(
        env, nullptr, nullptr, Napi::String::New(env, "kairank"), 0, 1, context.get(),
        [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Channel>*>(data); }, context->get(),
        Channel::call, &function);
    NAPI_THROW_IF_FAILED_VOID(env, status);
    context.release();
    napi_unref_threadsafe_function(env, function);
  }

  env.SetInstanceData(made.release());
  env.AddCleanupHook([environment]() { environment->close(); });
}

Environment& Environment::of(Napi::Env env) {
  Environment* environment = env.GetInstanceData<Environment>();
  if (!environment) throw Error(Status::internal, "The addon was not initialised in this thread.");
  return *environment;
}

uint64_t Environment::admit(std::shared_ptr<OpenCall> call) {
  const uint64_t number = nextNumber_++;
  calls_.emplace(number, std::move(call));
  if (calls_.size() == 1 && channel_->functions_[0]) napi_ref_threadsafe_function(env_, channel_->functions_[0]);
  return number;
}

void Environment::dismiss(uint64_t number) {
  if (calls_.erase(number) == 0) return;
  if (calls_.empty() && channel_->functions_[0]) napi_unref_threadsafe_function(env_, channel_->functions_[0]);
}

Napi::Value Environment::cancelFunction(Napi::Env env, uint64_t number) {
  // The number travels as the function's data, so that there is nothing to free when the function is collected.
  napi_value function = nullptr;
  const napi_status status = napi_create_function(
      env, "cancel", NAPI_AUTO_LENGTH,
      [](napi_env raw, napi_callback_info info) -> napi_value {
        void* data = nullptr;
        if (napi_get_cb_info(raw, info, nullptr, nullptr, nullptr, &data) != napi_ok) return nullptr;
        try {
          const auto& calls = Environment::of(raw).calls_;
          const auto found = calls.find(reinterpret_cast<uintptr_t>(data));
          if (found == calls.end()) return nullptr;
          const std::shared_ptr<OpenCall> call = found->second;
          call->cancel(raw);
        } catch (const Napi::Error& error) {
          error.ThrowAsJavaScriptException();
        } catch (const std::exception& error) {
          codedError(raw, Status::internal, error.what()).ThrowAsJavaScriptException();
        }
        return nullptr;
      },
      reinterpret_cast<void*>(static_cast<uintptr_t>(number)), &function);
  NAPI_THROW_IF_FAILED(env, status, Napi::Value());
  return Napi::Value(env, function);
}

void Environment::close() noexcept {
  std::vector<std::shared_ptr<Delivery>> dropped;
  Channel::Functions functions{};
  {
    std::lock_guard<std::mutex> lock(channel_->mutex_);
    functions.swap(channel_->functions_);
    dropped.swap(channel_->waiting_);
  }
  for (napi_threadsafe_function function : functions) {
    if (function) napi_release_threadsafe_function(function, napi_tsfn_abort);
  }
  for (const auto& [number, call] : calls_) call->leave();
  calls_.clear();
}

}  // namespace kairank
