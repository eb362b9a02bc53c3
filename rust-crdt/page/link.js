// Keeps the replicas of all tabs of this page equal: one sync session for each pair of tabs, over a BroadcastChannel.
import { SyncSession } from '../pkg/rust_crdt.js';

const CHANNEL = 'chrysalis-tabs';

export class Link {
  /** `changed` is called when something came in or the others changed. */
  constructor(replica, name, changed) {
    this.replica = replica;
    this.id = crypto.randomUUID();
    this.name = name;
    this.changed = changed;
    this.peers = new Map();
    this.sent = 0;
    this.received = 0;
    setInterval(() => this.tick(), 1000);
    addEventListener('pagehide', () => this.disconnect());
    addEventListener('pageshow', ({ persisted }) => persisted && this.connect());
  }

  connect() {
    if (this.channel) return;
    this.epoch = crypto.randomUUID(); // of this connection: who meets another one begins anew
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => this.take(data);
    this.post({ kind: 'here' });
    this.changed();
  }

  disconnect() {
    if (!this.channel) return;
    this.post({ kind: 'gone' });
    this.channel.close();
    this.channel = undefined;
    for (const { session } of this.peers.values()) session.free();
    this.peers.clear();
    this.changed();
  }

  /** Sends what there is to say. To be called after every change of the replica. */
  flush() {
    if (!this.channel) return;
    for (const [to, peer] of this.peers) {
      for (let bytes; (bytes = peer.session.poll(this.replica)); ) {
        this.sent += bytes.length;
        this.post({ kind: 'sync', to, their: peer.epoch, bytes });
      }
    }
  }

  /** The other tabs: who they are, and whether they hold the same as this one. */
  others() {
    return [...this.peers.values()]
      .map(({ name, session }) => ({ name, isEqual: session.isEqual(this.replica) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  post(message) {
    this.channel.postMessage({ ...message, from: this.id, epoch: this.epoch, name: this.name });
  }

  take({ kind, from, to, epoch, their, name, bytes }) {
    if (to !== undefined && to !== this.id) return;
    const known = this.peers.get(from);
    if (kind === 'gone') {
      known?.session.free();
      this.peers.delete(from);
    } else if (known?.epoch !== epoch) {
      known?.session.free();
      const session = this.id < from ? SyncSession.initiator() : SyncSession.responder();
      this.peers.set(from, { name, epoch, session });
      // Whoever came later has not heard of this tab.
      this.post({ kind: 'here', to: from });
    }
    if (kind === 'sync' && their === this.epoch) {
      this.received += bytes.length;
      try {
        this.peers.get(from).session.receive(this.replica, bytes);
      } catch (error) {
        console.warn('a message was refused', error.code);
      }
    }
    this.flush();
    this.changed();
  }

  tick() {
    if (!this.channel) return;
    for (const { session } of this.peers.values()) session.tick(this.replica);
    this.flush();
    this.changed();
  }
}
