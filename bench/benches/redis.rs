//! Redis: what the boundary before it costs, and how fast the embedded one delivers.
//! Writes `docs/performance/redis.json`.
//!
//! `REDIS_SERVER=$(command -v redis-server) cargo bench -p exactly-bench --bench redis`

use exactly_bench::figures::{Figures, cache};
use exactly_bench::redis;
use exactly_bench::rig::Rig;
use exactly_model::SystemPlace;
use exactly_redis::RedisSystem;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rig = Rig::new(&cache())?;
    let mut figures = Figures::new("redis");
    let embedded = rig.start(&RedisSystem).await?;
    redis::pubsub(&rig, embedded.as_ref(), &mut figures).await?;
    embedded.stop().await;
    let local = SystemPlace::Local { nodes: 1 };
    let real = rig.start_at(&RedisSystem, &local).await?;
    redis::boundary(&rig, real.as_ref(), &mut figures).await?;
    real.stop().await;
    figures.write()?;
    rig.finish();
    Ok(())
}
