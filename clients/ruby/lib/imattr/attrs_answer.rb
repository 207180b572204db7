# frozen_string_literal: true

require_relative "errors"
require_relative "values"

module IMAttr
  # The result of one getAttrs.
  class AttrsAnswer
    # As in Result.
    attr_reader :user_attrs, :missing, :error_list, :failed
    # What all accounts have failed with, if they have.
    attr_reader :error

    # Raises ProtocolError if the result has another shape. A daemon that does not know of +failed+ has failed no account.
    def initialize(result, partial: false)
      expect result.is_a?(Hash)
      @user_attrs = list(result["UserAttrs"]).map { |entry| user(entry) }
      @missing = list(result["missing"]).each { |account| expect account.is_a?(String) }
      @error_list = list(result["ErrorList"]).map { |entry| account_error(entry) } if result.key?("ErrorList")
      @failed = partial && result.key?("failed") ? list(result["failed"]).map { |entry| failed_account(entry) } : []
    end

    # The same of a request that failed wholly, if the error is one of its accounts; else nil.
    class AllFailed < AttrsAnswer
      def self.of(accounts, error)
        new(accounts, error) if about_accounts?(error)
      end

      def self.about_accounts?(error)
        case error
        when DeadlineExceeded then true
        when Refused then [-32_000, -32_002].include?(error.code) || !error.code.between?(-32_768, -32_000)
        else false
        end
      end
      private_class_method :new, :about_accounts?

      def initialize(accounts, error)
        super({ "UserAttrs" => [], "missing" => [] })
        @error = error
        @failed = accounts.uniq.map { |account| failed_with(account, error) }
      end
    end

    # One Result of several answers. In one answer an account occurs once; over several, the first mention counts, and an
    # answer counts more than a failure. Raises the first error if no account was answered at all.
    def self.merged(answers)
      seen = {}
      first = ->(account) { !seen.key?(account) && (seen[account] = true) }
      result = Result.new([], [], nil)
      answers.each do |answer|
        result.user_attrs.concat(answer.user_attrs.select { |user| first[user.account] })
        result.missing.concat(answer.missing.select(&first))
        result.error_list = (result.error_list || []) + answer.error_list if answer.error_list
      end
      error = seen.empty? && answers.filter_map(&:error).first
      raise error if error

      result.failed = answers.flat_map(&:failed).select { |failed| first[failed.account] }
      result
    end

    # A User for each account, as a stream yields them.
    def each(&block)
      @user_attrs.each(&block)
      reasons = (@error_list || []).to_h { |error| [error.account, error] }
      @missing.each do |account|
        reason = reasons[account]
        block.call(User.new(account, nil, reason&.error_code, reason&.error_info))
      end
      @failed.each { |failed| block.call(User.new(failed.account, nil, nil, nil, failed)) }
    end

    private

    def user(entry)
      expect entry.is_a?(Hash) && entry["To_Account"].is_a?(String) && entry["Attrs"].is_a?(Hash)
      User.new(entry["To_Account"], entry["Attrs"])
    end

    def account_error(entry)
      expect entry.is_a?(Hash) && entry["To_Account"].is_a?(String)
      AccountError.new(entry["To_Account"], entry["ErrorCode"], entry["ErrorInfo"])
    end

    def failed_account(entry)
      expect entry.is_a?(Hash) && entry["To_Account"].is_a?(String) && entry["code"].is_a?(Integer)
      expect entry["message"].is_a?(String) && [true, false].include?(entry["retryable"])
      failed_with(entry["To_Account"], Refused.new(entry["message"], entry["code"], entry))
    end

    # An error of the client's own has no code.
    def failed_with(account, error)
      FailedAccount.new(account, error.code || DeadlineExceeded::CODE, error.message, error.retryable?, error.error_info,
                        error.retry_after, error.call_id)
    end

    def list(value)
      expect value.is_a?(Array)
      value
    end

    def expect(fits)
      raise ProtocolError, "an answer to getAttrs of another shape" unless fits
    end
  end
end
