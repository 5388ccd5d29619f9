#!lua name=tocsin_v1
-- tocsin.lua - what happens inside Redis: commits, loads and claims.
--
-- One library per version of its argument format, named after it, so that bots of two versions
-- can share a Redis while one replaces the other. Change the number in every name (and
-- FUNCTION_VERSION in function.h) with every change of arguments or of what is stored.
--
-- Arguments are flat: counts before lists, keys in the order in which they are used. Nothing is
-- parsed here, no key name is made here. What is stored where: store_keys.h.

-- Replaced by the digest of this text when it is loaded: tells two builds of one version apart.
local DIGEST = '@DIGEST@'

-- True from a commit's first write on: an error after that may have left half of it behind.
local writing = false

local OK, DUPLICATE, CONFLICT, REFUSED, BROKEN = 0, 1, 2, 3, 4

-- Fixed keys, first in every commit.
local TIMERS, LEASES, LINKS, COUNTS, REFS, OUT = 1, 2, 3, 4, 5, 6 -- OUT, OUT + 1, OUT + 2: lanes
local FIXED = 8

-- A conflict, unless this very request was applied before: then its first answer.
local function conflict(call, keys, args, a, k, what)
	if args[a + 2] ~= '0' then
		local reply = call('GET', keys[k])
		if reply then
			return {DUPLICATE, reply}
		end
	end
	return {CONFLICT, what}
end

-- Removes the timer that this commit carries out, unless it was set anew since it was claimed.
local function timer_done(call, keys, id, due)
	local score = call('ZSCORE', keys[TIMERS], id)
	if not score then
		return
	end
	if score == due or call('HGET', keys[LEASES], id) == score .. ' ' .. due then
		call('ZREM', keys[TIMERS], id)
		call('HDEL', keys[LEASES], id)
	end
end

-- One commit: its first argument is args[a], its first own key keys[k]. Checks everything,
-- then writes everything. Arguments:
--   how many arguments, how many keys, dedupe milliseconds (0: none), reply,
--   documents: n, then n expected "version:entries" ("" = must not exist)
--   counters: 2n, then n times name, number
--   for each document: n, n arguments for HSET; n, n log entries
--   timer carried out: id or "", due; outbox entry finished: lane, id or ""
--   timers cleared: n, ids; timers set: 2n, score and id each
--   links removed: n, names; links set: 2n; refs set: 2n
--   indexes: n, then score ("" = remove) and member each
--   sends: n, then lane and entry each
-- Keys: dedupe record if any, document and log for each document, one per index change.
local function commit(call, keys, args, a, k)
	local unpack = unpack
	local i, key = a + 4, k
	if args[a + 2] ~= '0' then
		key = k + 1
	end

	local docs = args[i] + 0
	for d = 1, docs do
		local at = keys[key + 2 * d - 2]
		if (call('HGET', at, 'v') or '') ~= args[i + d] then
			return conflict(call, keys, args, a, k, at)
		end
	end
	i = i + docs + 1
	local counts, n = i, args[i] + 0
	for c = i + 1, i + n, 2 do
		local used = call('HGET', keys[COUNTS], args[c])
		if used and used + 0 >= args[c + 1] + 0 then
			return conflict(call, keys, args, a, k, 'count:' .. args[c])
		end
	end
	i = i + n + 1

	writing = true
	if args[a + 2] ~= '0' then
		-- The last check and the first write in one: tells whether it was there.
		local reply = call('SET', keys[k], args[a + 3], 'NX', 'GET', 'PX', args[a + 2])
		if reply then
			return {DUPLICATE, reply}
		end
	end
	if n > 0 then
		call('HSET', keys[COUNTS], unpack(args, counts + 1, counts + n))
	end
	for _ = 1, docs do
		n = args[i] + 0
		call('HSET', keys[key], unpack(args, i + 1, i + n))
		i = i + n + 1
		n = args[i] + 0
		if n > 0 then
			call('RPUSH', keys[key + 1], unpack(args, i + 1, i + n))
		end
		i = i + n + 1
		key = key + 2
	end

	if args[i] ~= '' then
		timer_done(call, keys, args[i], args[i + 1])
	end
	i = i + 2
	if args[i + 1] ~= '' then
		local stream = keys[OUT + args[i]]
		call('XACK', stream, 'tocsin', args[i + 1])
		call('XDEL', stream, args[i + 1])
	end
	i = i + 2

	n = args[i] + 0
	if n > 0 then
		call('ZREM', keys[TIMERS], unpack(args, i + 1, i + n))
		call('HDEL', keys[LEASES], unpack(args, i + 1, i + n))
	end
	i = i + n + 1
	n = args[i] + 0
	if n > 0 then
		call('ZADD', keys[TIMERS], unpack(args, i + 1, i + n))
	end
	i = i + n + 1
	n = args[i] + 0
	if n > 0 then
		call('HDEL', keys[LINKS], unpack(args, i + 1, i + n))
	end
	i = i + n + 1
	n = args[i] + 0
	if n > 0 then
		call('HSET', keys[LINKS], unpack(args, i + 1, i + n))
	end
	i = i + n + 1
	n = args[i] + 0
	if n > 0 then
		call('HSET', keys[REFS], unpack(args, i + 1, i + n))
	end
	i = i + n + 1

	n = args[i] + 0
	for c = i + 1, i + 2 * n, 2 do
		if args[c] == '' then
			call('ZREM', keys[key], args[c + 1])
		else
			call('ZADD', keys[key], args[c], args[c + 1])
		end
		key = key + 1
	end
	i = i + 2 * n + 1
	n = args[i] + 0
	for c = i + 1, i + 2 * n, 2 do
		call('XADD', keys[OUT + args[c]], '*', 'e', args[c + 1])
	end
	return OK
end

-- args: how many commits, wake-up channel, wake-up text ("" = nothing to tell); then each commit.
-- Answers the number of commits when all were applied, else a list: 0, or {what, text} each.
local function tocsin_commit(keys, args)
	local call, pcall = redis.call, pcall
	local total = args[1] + 0
	local a, k, results, applied = 4, FIXED + 1, nil, 0
	for n = 1, total do
		writing = false
		local fine, result = pcall(commit, call, keys, args, a, k)
		if not fine then
			local text = type(result) == 'table' and result.err or tostring(result)
			result = {writing and BROKEN or REFUSED, text}
		end
		if result == OK then
			applied = applied + 1
		elseif not results then
			results = {}
			for earlier = 1, n - 1 do
				results[earlier] = OK
			end
		end
		if results then
			results[n] = result
		end
		a, k = a + args[a], k + args[a + 1]
	end
	-- Everybody else; an instance alone is not worth a message. Not being allowed to publish
	-- must not undo anything: the others look by themselves too.
	if applied > 0 and args[3] ~= '' then
		local heard = redis.pcall('PUBSUB', 'NUMSUB', args[2])
		if heard[2] and heard[2] > 1 then
			redis.pcall('PUBLISH', args[2], args[3])
		end
	end
	return results or total
end

-- At most this many bytes of one log travel; the oldest entries are left out.
local LOG_BYTES = 4194304

local function log_tail(call, key, most)
	local all = call('LRANGE', key, -most, -1)
	local bytes, n = 0, #all
	for i = n, 1, -1 do
		bytes = bytes + #all[i]
		if bytes > LOG_BYTES and i < n then
			return call('LRANGE', key, i - n, -1)
		end
	end
	return all
end

-- keys: links, counts, refs, then one per d, g, i, r and L. args: the most items of a list, then
-- kind and name of each fact ("" where the key says it). Answers one element per fact.
local function tocsin_load(keys, args)
	local call = redis.call
	local most = args[1] + 0
	local out, k = {}, 4
	for i = 2, #args, 2 do
		local kind, name, fact = args[i], args[i + 1], nil
		if kind == 'l' then
			fact = call('HGET', keys[1], name)
		elseif kind == 'c' then
			fact = call('HGET', keys[2], name)
		elseif kind == 'f' then
			fact = call('HGET', keys[3], name)
		else
			if kind == 'd' then
				fact = call('HMGET', keys[k], 'v', 'd', 'g', 'h')
			elseif kind == 'g' then
				fact = call('HGET', keys[k], 'g')
			elseif kind == 'i' then
				fact = call('ZRANGE', keys[k], 0, most - 1)
			elseif kind == 'r' then
				fact = call('ZRANGE', keys[k], 0, most - 1, 'REV')
			elseif kind == 's' then
				fact = call('GET', keys[k])
			else
				fact = log_tail(call, keys[k], most)
			end
			k = k + 1
		end
		out[#out + 1] = fact
	end
	return out
end

-- keys: timers, leases. args: now, score of the lease, how many at most. The lease's score ends
-- in .5, which no due time does: a timer that was set anew can never look like a leased one.
-- Answers how many are pending, the earliest score, then id and due time of each claimed one.
local function tocsin_timers_claim(keys, args)
	local call, unpack = redis.call, unpack
	local due = call('ZRANGE', keys[1], '-inf', args[1], 'BYSCORE', 'LIMIT', '0', args[3],
		'WITHSCORES')
	local out = {0, ''}
	local n = #due
	if n > 0 then
		local lease, ids, scores, leases = args[2], {}, {}, {}
		for i = 1, n, 2 do
			ids[#ids + 1] = due[i]
		end
		local before = call('HMGET', keys[2], unpack(ids))
		for i = 1, n, 2 do
			local id, score = due[i], due[i + 1]
			local held = before[(i + 1) / 2]
			if held then
				local by, at = string.match(held, '^(%S+) (%S+)$')
				if by == score then
					score = at -- claimed before, and nobody finished it
				end
			end
			scores[i], scores[i + 1] = lease, id
			leases[i], leases[i + 1] = id, lease .. ' ' .. score
			out[i + 2], out[i + 3] = id, score
		end
		call('ZADD', keys[1], unpack(scores))
		call('HSET', keys[2], unpack(leases))
	end
	out[1] = call('ZCARD', keys[1])
	out[2] = call('ZRANGE', keys[1], 0, 0, 'WITHSCORES')[2] or ''
	return out
end

local function group_make(key)
	local made = redis.pcall('XGROUP', 'CREATE', key, 'tocsin', '0', 'MKSTREAM')
	if made.err and string.sub(made.err, 1, 9) ~= 'BUSYGROUP' then
		error(made.err)
	end
end

-- keys: stream. args: instance, how many at most, lease in ms. First the entries whose owner has
-- been silent for the lease, then new ones. Answers the stream's length, then id, deliveries and
-- entry of each.
local function tocsin_outbox_claim(keys, args)
	local call, unpack = redis.call, unpack
	local key, instance, most, lease = keys[1], args[1], args[2] + 0, args[3]
	local silent = redis.pcall('XPENDING', key, 'tocsin', 'IDLE', lease, '-', '+', most)
	if silent.err then
		group_make(key)
		silent = {}
	end
	local out = {call('XLEN', key)}
	if #silent > 0 then
		local ids, tries = {}, {}
		for i, entry in ipairs(silent) do
			ids[i] = entry[1]
			tries[entry[1]] = entry[4] + 1
		end
		for _, entry in ipairs(call('XCLAIM', key, 'tocsin', instance, lease, unpack(ids))) do
			if entry and entry[2] then
				local at = #out
				out[at + 1], out[at + 2], out[at + 3] = entry[1], tries[entry[1]], entry[2][2]
			end
		end
		most = most - #silent
	end
	if most > 0 then
		local fresh = call('XREADGROUP', 'GROUP', 'tocsin', instance, 'COUNT', most, 'STREAMS',
			key, '>')
		if fresh then
			for _, entry in ipairs(fresh[1][2]) do
				local at = #out
				out[at + 1], out[at + 2], out[at + 3] = entry[1], 1, entry[2][2]
			end
		end
	end
	return out
end

-- keys: stream. args: instance, entry ids. Only what is still ours: another instance may have
-- taken an entry over when we were silent for too long. Answers the ids that are.
local function tocsin_outbox_touch(keys, args)
	local kept = {}
	for i = 2, #args do
		local id = args[i]
		local own = redis.pcall('XPENDING', keys[1], 'tocsin', id, id, 1, args[1])
		if own[1] then
			redis.call('XCLAIM', keys[1], 'tocsin', args[1], 0, id, 'JUSTID')
			kept[#kept + 1] = id
		end
	end
	return kept
end

-- keys: the three streams. args: instance, how long in ms an empty-handed consumer may be idle.
-- Makes the consumer groups and forgets consumers that are gone and hold nothing.
local function tocsin_open(keys, args)
	local call = redis.call
	for _, key in ipairs(keys) do
		group_make(key)
		for _, c in ipairs(call('XINFO', 'CONSUMERS', key, 'tocsin')) do
			-- name, <name>, pending, <n>, idle, <ms>
			if c[4] == 0 and c[6] > args[2] + 0 and c[2] ~= args[1] then
				call('XGROUP', 'DELCONSUMER', key, 'tocsin', c[2])
			end
		end
	end
	return #keys
end

-- Tells that the library is there, and which build of it.
local function tocsin_about()
	return DIGEST
end

-- keys: timers, the three streams. Answers how much is waiting in each.
local function tocsin_depths(keys)
	local call = redis.call
	return {call('ZCARD', keys[1]), call('XLEN', keys[2]), call('XLEN', keys[3]),
		call('XLEN', keys[4])}
end

redis.register_function('tocsin_v1_commit', tocsin_commit)
redis.register_function{function_name = 'tocsin_v1_load', callback = tocsin_load,
	flags = {'no-writes'}}
redis.register_function('tocsin_v1_timers_claim', tocsin_timers_claim)
redis.register_function('tocsin_v1_outbox_claim', tocsin_outbox_claim)
redis.register_function('tocsin_v1_outbox_touch', tocsin_outbox_touch)
redis.register_function('tocsin_v1_open', tocsin_open)
redis.register_function{function_name = 'tocsin_v1_about', callback = tocsin_about,
	flags = {'no-writes'}}
redis.register_function{function_name = 'tocsin_v1_depths', callback = tocsin_depths,
	flags = {'no-writes'}}
