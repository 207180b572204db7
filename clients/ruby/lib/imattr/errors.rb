# frozen_string_literal: true

module IMAttr
  # What a call can fail with, but for InvalidArgument.
  class Error < StandardError
    # Whether the same call may succeed later without any change.
    def retryable? = false
  end

  # A mistake of the caller's, found before anything was sent.
  class InvalidArgument < ArgumentError
    # The index of the account at fault; nil if the mistake is another.
    attr_reader :index

    def initialize(message, index: nil)
      super(message)
      @index = index
    end

    def retryable? = false
  end

  # What an error that the daemon answered has; nil for each part that is not there.
  module Answered
    # Tencent's own ErrorCode if Tencent refused; JSON-RPC's and the daemon's codes are below zero.
    attr_reader :code
    # All that the daemon said beside code and message: a Hash, empty if it said nothing.
    attr_reader :data

    # Seconds before which asking again is of no use; nil if the daemon did not say.
    def retry_after = seconds("retryAfterMs", 1000.0)

    # Who found the error: "daemon" or "upstream".
    def source = @data["source"]
    # Tencent's text.
    def error_info = @data["ErrorInfo"]
    # How many calls to Tencent were made for it.
    def attempts = @data["attempts"]
    # The param at fault, such as "To_Account[3]".
    def path = @data["path"]
    # The value of the limit that was met.
    def limit = @data["limit"]
    # The configuration key of the limit that was met.
    def limit_name = @data["limitName"]
    # How many accounts of the request were fetched all the same.
    def fetched = @data["fetched"]
    # Up to 100 accounts that failed: Hashes with "To_Account", "ErrorCode" and "ErrorInfo".
    def failed = @data["failed"]
    # The call to Tencent, as in the daemon's log.
    def call_id = @data["callId"]
    # The daemon's clock less Tencent's, in seconds.
    def clock_skew = seconds("clockSkewSeconds", 1)

    private

    def seconds(name, divisor)
      @data[name] / divisor if @data[name].is_a?(Numeric)
    end
  end

  # The daemon answered an error, its own or Tencent's; but that of a deadline is DeadlineExceeded.
  class Refused < Error
    include Answered

    def initialize(message, code, data = {})
      super(message)
      @code = code
      @data = data
    end

    def retryable? = @data["retryable"] == true
  end

  # No connection could be made. The cause is the system's error.
  class Unreachable < Error
    attr_reader :path
    # The class of the system's error, such as Errno::ENOENT.
    attr_reader :errno

    def initialize(path, error)
      hint = error.is_a?(Errno::EACCES) ? "this user is not in the group imattr" : "is imattrd running?"
      super("cannot connect to #{path}: #{error.class.new.message} (#{hint})")
      @path = path
      @errno = error.class
    end
  end

  # The daemon went away and did not come back before the deadline.
  class Lost < Error
    def retryable? = true
  end

  # No answer came in time. If the daemon said so, +code+ is -32001, and what it said is there as in Refused; if it said
  # nothing at all, +code+ is nil.
  class DeadlineExceeded < Error
    include Answered

    CODE = -32_001

    def initialize(message = "no answer came in time", code = nil, data = {})
      super(message)
      @code = code
      @data = data
    end

    def retryable? = true
  end

  # What listens on the socket does not speak the daemon's protocol.
  class ProtocolError < Error
  end

  # The client was closed while the call waited, or before.
  class Cancelled < Error
    def initialize(message = "the client is closed") = super
  end
end
