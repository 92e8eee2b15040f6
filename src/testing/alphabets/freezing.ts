import type { AgentLook, FreezeLook } from '../../../machines/policy/one-host/freezing.ts';

const at = { atEpochMs: 50 };

/** What the agent of a guest may say that is brought to rest. */
export const freezing = {
  askAgent: {
    done: {
      connected: { agent: 'connected', ...at },
      away: { agent: 'disconnected', ...at },
    } satisfies Record<string, AgentLook>,
  },
  freezeGuest: { done: { frozen: { frozen: 2 }, nothingFrozen: { frozen: 0 } } },
  askFreeze: {
    done: {
      thawed: { status: 'thawed', ...at },
      frozen: { status: 'frozen', ...at },
      silent: { status: 'silent', ...at },
    } satisfies Record<string, FreezeLook>,
  },
  thawGuest: { done: { thawed: at } },
} as const;
