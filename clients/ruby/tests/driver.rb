# frozen_string_literal: true

# Does with the client what it reads on standard input, and says on standard output what came of it, so that the client
# can be held to the contract of all clients. tests/driver runs it.

require "json"
require "socket"
require "imattr"

# Runs each call in a thread of its own.
class Driver
  FEATURES = %w[concurrent cancel stream pause reconnect bigint large duplex loop untyped fork].freeze
  # What cancels a call.
  Cancel = Class.new(Exception) # rubocop:disable Lint/InheritException

  def initialize
    @client = IMAttr::Client.new
    @threads = {}
    @children = []
    @resumes = Hash.new { |resumes, call| resumes[call] = Thread::Queue.new }
    @output = Thread::Mutex.new
    $stdout.sync = true
  end

  def run
    say(driver: "ruby", features: FEATURES)
    $stdin.each_line { |line| obey(JSON.parse(line, symbolize_names: true)) }
    @threads.each_value(&:join)
    @client.close
    @children.each { |child| Process.wait(child) }
  end

  private

  def say(line)
    text = begin
      JSON.generate(line)
    rescue JSON::GeneratorError
      JSON.generate(finite(line))
    end
    @output.synchronize { $stdout.write("#{text}\n") }
  end

  # The value with null for what is too large for a Float: JSON has no infinity.
  def finite(value)
    case value
    when Hash then value.transform_values { |inner| finite(inner) }
    when Array then value.map { |inner| finite(inner) }
    when Float then value if value.finite?
    else value
    end
  end

  def obey(command)
    call = command[:call]
    case command[:do]
    when "open" then open(command[:socket])
    when "close" then close
    when "fork" then @children << fork_and_call(command)
    when "cancel" then @threads[call].raise(Cancel)
    when "resume", "leave" then @resumes[call] << command[:do]
    else @threads[call] = Thread.new(@client) { |client| begin_call(client, command) }
    end
  end

  def open(path)
    @client = IMAttr::Client.new(path)
    say(opened: true)
  end

  # A child process that makes a call with its parent's client.
  def fork_and_call(command)
    fork do
      begin_call(@client, { **command, do: "getAttrs" })
      exit!(0)
    end
  end

  def close
    @client.close
    say(closed: true)
  end

  # A cancellation strikes while the client is at work, and not while the outcome is said.
  def begin_call(client, command)
    Thread.handle_interrupt(Cancel => :never) do
      outcome = Thread.handle_interrupt(Cancel => :immediate) { perform(client, command) }
      say(call: command[:call], **outcome)
    rescue Cancel
      say(call: command[:call], error: { kind: "cancelled", message: "cancelled" })
    rescue IMAttr::Error, ArgumentError => e
      say(call: command[:call], error: error_object(e))
    end
  end

  def perform(client, command)
    options = times(command)
    case command[:do]
    when "getAttrs" then { result: result_object(client.get_attrs(command[:accounts], **options), command[:partial]) }
    when "stream" then stream(client, command, options)
    when "ping" then { result: client.ping(**options) }
    when "getStatus" then { result: client.get_status(**options) }
    when "call" then { result: client.call(command[:method], command[:params], **options) }
    when "loop" then { nanoseconds: nanoseconds { command[:of] == "bare" ? bare_loop(command) : ping_loop(client, command) } }
    else raise ArgumentError, "there is no command #{command[:do].inspect}"
    end
  end

  def times(command)
    options = {}
    options[:timeout] = seconds(command[:timeoutMs]) if command.key?(:timeoutMs)
    options[:max_age] = seconds(command[:maxAgeMs]) if command.key?(:maxAgeMs)
    options[:partial] = command[:partial] if command.key?(:partial)
    options
  end

  def seconds(value) = value.is_a?(Numeric) ? value / 1000.0 : value

  def stream(client, command, options)
    options[:batch] = command[:batch] if command.key?(:batch)
    options[:in_flight] = command[:inFlight] if command.key?(:inFlight)
    taken = 0
    accounts = source(command)
    accounts = accounts.map { |account| account.tap { taken += 1 } } if accounts.is_a?(Enumerator::Lazy)
    given = 0
    client.stream(accounts, **options) do |user|
      say(call: command[:call], **user_object(user))
      next unless (given += 1) == command[:pauseAfter]

      say(call: command[:call], paused: true, taken:)
      return { left: true } if @resumes[command[:call]].pop == "leave"
    end
    { end: true, taken: }
  end

  def source(command)
    return command[:accounts].is_a?(Array) ? command[:accounts].lazy : command[:accounts] if command.key?(:accounts)

    (0...command[:count]).lazy.map { |number| "#{command[:prefix]}#{number}" }
  end

  def user_object(user)
    return { failed: failed_object(user.failure) } if user.failed?
    return { user: { To_Account: user.account, Attrs: user.attrs } } unless user.missing?

    { missing: { To_Account: user.account, ErrorCode: user.error_code, ErrorInfo: user.error_info }.compact }
  end

  def failed_object(failed)
    { To_Account: failed.account, code: failed.code, message: failed.message, retryable: failed.retryable?,
      ErrorInfo: failed.error_info, retryAfterMs: failed.retry_after && (failed.retry_after * 1000).round,
      callId: failed.call_id }.compact
  end

  def result_object(result, partial)
    users = result.user_attrs.map { |user| { To_Account: user.account, Attrs: user.attrs } }
    errors = result.error_list&.map do |error|
      { To_Account: error.account, ErrorCode: error.error_code, ErrorInfo: error.error_info }.compact
    end
    failed = result.failed.map { |entry| failed_object(entry) } if partial
    { UserAttrs: users, missing: result.missing, ErrorList: errors, failed: }.compact
  end

  KINDS = {
    IMAttr::InvalidArgument => "argument", IMAttr::Refused => "refused", IMAttr::Unreachable => "unreachable",
    IMAttr::Lost => "lost", IMAttr::DeadlineExceeded => "deadline", IMAttr::ProtocolError => "protocol",
    IMAttr::Cancelled => "cancelled"
  }.freeze

  def error_object(error)
    line = { kind: KINDS.fetch(error.class, "unknown"), message: error.message }
    case error
    when IMAttr::Answered then error.code ? line.merge(refusal_object(error)) : line
    when IMAttr::Unreachable then line.merge(path: error.path, errno: error.errno.name.delete_prefix("Errno::"))
    else line
    end
  end

  def refusal_object(error)
    said = {
      source: error.source, retryAfterMs: error.retry_after && (error.retry_after * 1000).round,
      ErrorInfo: error.error_info, attempts: error.attempts, path: error.path, limit: error.limit,
      limitName: error.limit_name, fetched: error.fetched, failed: error.failed, callId: error.call_id,
      clockSkewSeconds: error.clock_skew
    }.compact
    said[:retryable] = error.retryable? if error.data.key?("retryable")
    { code: error.code, **said }
  end

  def nanoseconds
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    yield
    Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start
  end

  def ping_loop(client, command) = command[:count].times { client.ping }

  # What the client is compared with: a write and a read, and nothing else.
  def bare_loop(command)
    UNIXSocket.open(ENV.fetch("IMATTRD_SOCKET")) do |socket|
      line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"
      command[:count].times do
        socket.write(line)
        socket.gets
      end
    end
  end
end

Driver.new.run
