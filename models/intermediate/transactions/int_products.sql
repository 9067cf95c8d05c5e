{{ config(materialized="table") }}

-- Grain: one row per stock code with a kept line. Reference data: taken as it is
-- today, at any as-of date.
with
    kept_lines as (
        select line_id, stock_code
        from {{ ref("int_transactions_classified") }}
        where disposition in ('sale', 'return', 'anonymous_sale', 'anonymous_return')
    ),

    transactions as (select line_id, description from {{ ref("stg_transactions") }}),

    category_rules as (
        select *
        from {{ ref("product_category_rules") }}
        where taxonomy = '{{ var("category_taxonomy") }}'
    ),

    descriptions as (
        select
            kept_lines.stock_code,
            upper(transactions.description) as description,
            count(*) as line_count
        from kept_lines
        inner join transactions on kept_lines.line_id = transactions.line_id
        group by kept_lines.stock_code, upper(transactions.description)
    ),

    -- the most frequent description; tie: the longest, then alphabetical
    ranked as (
        select
            stock_code,
            description,
            row_number() over (
                partition by stock_code
                order by
                    case when description is null then 1 else 0 end,
                    line_count desc,
                    length(description) desc,
                    description
            ) as description_rank
        from descriptions
    ),

    canonical as (
        select
            stock_code,
            description,
            coalesce(description, '') as text,
            -- whole words between single blanks
            concat(
                ' ',
                trim(
                    {{
                        regexp_replace_all(
                            "coalesce(description, '')", "'[^A-Z0-9]+'", "' '"
                        )
                    }}
                ),
                ' '
            ) as words
        from ranked
        where description_rank = 1
    ),

    -- a whole-word keyword also matches its plural
    keyword_forms as (
        {% for ending in ["", "S", "ES"] %}
            select
                category,
                priority,
                concat(' ', keyword, '{{ ending }} ') as form,
                split_part(concat(keyword, '{{ ending }}'), ' ', 1) as first_word
            from category_rules
            where match = 'word' {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    description_words as (
        select distinct
            stock_code, words, {{ split_to_rows("trim(words)", "' '") }} as word
        from canonical
    ),

    -- first words are joined first: comparing every description with every keyword
    -- would be slow
    matching_rules as (
        select
            description_words.stock_code, keyword_forms.category, keyword_forms.priority
        from description_words
        inner join keyword_forms on description_words.word = keyword_forms.first_word
        where instr(description_words.words, keyword_forms.form) > 0
        union all
        select canonical.stock_code, category_rules.category, category_rules.priority
        from canonical
        inner join
            category_rules
            on category_rules.match = 'substring'
            and (
                category_rules.keyword is null
                or instr(canonical.text, category_rules.keyword) > 0
            )
    ),

    first_rules as (
        select
            stock_code,
            category,
            row_number() over (
                partition by stock_code order by priority, category
            ) as rule_rank
        from matching_rules
    ),

    products as (
        select
            canonical.stock_code,
            canonical.description,
            coalesce(first_rules.category, 'OTHER') as category
        from canonical
        left join
            first_rules
            on canonical.stock_code = first_rules.stock_code
            and first_rules.rule_rank = 1
    )

select *
from products
