# frozen_string_literal: true

module IMAttr
  # An account and its attributes: a Hash in Tencent's order, with all digits of integers. In a stream +attrs+ is nil if
  # Tencent did not answer the account, and then +error_code+ and +error_info+ are what it said of it, if anything. With
  # +partial+ it is nil for an account that failed, too, and then +failure+ is a FailedAccount.
  User = Struct.new(:account, :attrs, :error_code, :error_info, :failure) do
    def missing? = attrs.nil? && failure.nil?
    def failed? = !failure.nil?
  end

  # Why an account has no answer: +code+ is Tencent's own ErrorCode if Tencent refused, and else below zero; +error_info+
  # (Tencent's text), +retry_after+ (seconds before which asking again is of no use) and +call_id+ (as in the daemon's log)
  # can be nil.
  FailedAccount = Struct.new(:account, :code, :message, :retryable, :error_info, :retry_after, :call_id) do
    # Whether asking again later may succeed.
    def retryable? = retryable
  end

  # What Tencent said of an account that it did not answer; code and info can be nil.
  AccountError = Struct.new(:account, :error_code, :error_info)

  # What get_attrs returns: +user_attrs+, a User for each account that Tencent answered; +missing+, the accounts that it
  # left out; +failed+, with +partial+, a FailedAccount for each other; all in the order of the accounts' first mention;
  # +error_list+, an AccountError each, or nil if there was no list.
  Result = Struct.new(:user_attrs, :missing, :error_list, :failed) do
    def initialize(user_attrs, missing, error_list, failed = []) = super
  end
end
