#include "environment.h"

#include <utility>

#include "../include/status.h"

namespace kairank {

void Channel::post(std::shared_ptr<Delivery> delivery) noexcept {
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!function_) return;
    waiting_.push_back(std::move(delivery));
    // One wake-up fetches all that wait: only the first of them has to ask for it.
    if (waiting_.size() == 1) napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
  } catch (...) {
    // No memory to queue the result and none to report it with: the caller's promise stays open.
  }
}

bool Channel::closed() const noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  return function_ == nullptr;
}

void Channel::call(napi_env env, napi_value, void* context, void*) {
  if (!env) return;
  Channel* channel = static_cast<Channel*>(context);
  std::vector<std::shared_ptr<Delivery>> arrived;
  {
    std::lock_guard<std::mutex> lock(channel->mutex_);
    arrived.swap(channel->waiting_);
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
  // Function and hook are made in this order because hooks run last in, first out: ours closes the channel before
  // Node closes the function.
  auto context = std::make_unique<std::shared_ptr<Channel>>(environment->channel_);
  napi_threadsafe_function function = nullptr;
  napi_status status = napi_create_threadsafe_function(
      env, nullptr, nullptr, Napi::String::New(env, "kairank"), 0, 1, context.get(),
      [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Channel>*>(data); }, context->get(),
      Channel::call, &function);
  NAPI_THROW_IF_FAILED_VOID(env, status);
  context.release();
  napi_unref_threadsafe_function(env, function);
  environment->channel_->function_ = function;

  env.SetInstanceData(made.release());
  env.AddCleanupHook([environment]() { environment->close(); });
}

Environment& Environment::of(Napi::Env env) {
  Environment* environment = env.GetInstanceData<Environment>();
  if (!environment) throw Error(Status::internal, "The addon was not initialised in this thread.");
  return *environment;
}

void Environment::hold() {
  if (held_++ == 0 && channel_->function_) napi_ref_threadsafe_function(env_, channel_->function_);
}

void Environment::release() {
  if (--held_ == 0 && channel_->function_) napi_unref_threadsafe_function(env_, channel_->function_);
}

void Environment::close() noexcept {
  std::vector<std::shared_ptr<Delivery>> dropped;
  napi_threadsafe_function function = nullptr;
  {
    std::lock_guard<std::mutex> lock(channel_->mutex_);
    std::swap(function, channel_->function_);
    dropped.swap(channel_->waiting_);
  }
  if (function) napi_release_threadsafe_function(function, napi_tsfn_abort);
  for (const std::shared_ptr<Resident>& resident : residents_) resident->leave();
  residents_.clear();
}

}  // namespace kairank
