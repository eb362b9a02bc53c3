//! The host's clocks, timers and tasks, for the service.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use chrysalis_embedding::port::{Abort, BoxFuture, Now, Runtime};
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(work: &Function, delay_ms: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// The longest delay that hosts take, in milliseconds; a sleep that is cut short is begun again.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// The host.
pub(super) struct HostRuntime;

impl Runtime for HostRuntime {
    fn now(&self) -> Now {
        Now { monotonic: from_ms(performance_now()), unix: from_ms(js_sys::Date::now()) }
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let left = at.as_secs_f64() * 1000.0 - performance_now();
                if left <= 0.0 {
                    return;
                }
                Sleep::new(left.ceil().min(MAX_DELAY_MS)).rung().await;
            }
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Box<dyn Abort> {
        let task = Rc::new(Task { future: RefCell::new(Some(task)), is_aborted: Cell::new(false) });
        spawn_local(Run(Rc::clone(&task)));
        Box::new(Handle(task))
    }

    fn random(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^32")]
        let half = || (js_sys::Math::random() * 4_294_967_296.0) as u64;
        half() << 32 | half()
    }
}

fn from_ms(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

/// A timer that is cleared when nobody waits for it any more.
struct Sleep {
    timer: JsValue,
    promise: Promise,
}

impl Sleep {
    fn new(delay_ms: f64) -> Self {
        let mut timer = JsValue::UNDEFINED;
        let promise = Promise::new(&mut |resolve, _| timer = set_timeout(&resolve, delay_ms));
        Self { timer, promise }
    }

    async fn rung(self) {
        // A timer's promise is never rejected.
        let _ = JsFuture::from(self.promise.clone()).await;
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}

/// A future that can be dropped from outside.
struct Task {
    future: RefCell<Option<BoxFuture<'static, ()>>>,
    is_aborted: Cell<bool>,
}

struct Run(Rc<Task>);

impl Future for Run {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut place = self.0.future.borrow_mut();
        let Some(future) = &mut *place else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() || self.0.is_aborted.get() {
            let ended = place.take();
            drop(place);
            drop(ended);
            return Poll::Ready(());
        }
        polled
    }
}

struct Handle(Rc<Task>);

impl Abort for Handle {
    fn abort(&self) {
        self.0.is_aborted.set(true);
        // A task that aborts itself is dropped behind its poll.
        let ended = self.0.future.try_borrow_mut().ok().and_then(|mut future| future.take());
        drop(ended);
    }
}

/// Calls a function of the host's that gives `{ answer, abort }`, and waits for the answer; aborts if it is not waited for to the end.
///
/// # Errors
/// What the function throws or the answer is rejected with.
pub(super) async fn ask(function: &Function, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let call = function.apply(&JsValue::UNDEFINED, &arguments.iter().collect())?;
    let mut pending = Pending(Some(Reflect::get(&call, &"abort".into())?));
    let answer: Promise = Promise::resolve(&Reflect::get(&call, &"answer".into())?);
    let answer = JsFuture::from(answer).await;
    pending.0 = None;
    answer
}

/// The function that ends a call.
struct Pending(Option<JsValue>);

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(abort) = self.0.take().and_then(|abort| abort.dyn_into::<Function>().ok()) {
            // What it throws is of no interest to those who do not wait.
            let _ = abort.call0(&JsValue::UNDEFINED);
        }
    }
}
