{{ config(materialized="table") }}

-- Grain: one row per description of a kept line, in upper case; '' stands for none.
-- Reference data: taken as it is today, at any as-of date.
with
    category_rules as (
        select *
        from {{ ref("product_category_rules") }}
        where taxonomy = '{{ var("category_taxonomy") }}'
    ),

    descriptions as (
        select distinct coalesce(description, '') as description
        from {{ ref("int_product_descriptions") }}
    ),

    -- whole words between single blanks
    worded as (
        select
            description,
            concat(
                ' ',
                trim({{ regexp_replace_all("description", "'[^A-Z0-9]+'", "' '") }}),
                ' '
            ) as words
        from descriptions
    ),

    -- a whole-word keyword also matches its plural
    keyword_forms as (
        {% for ending in ["", "S", "ES"] %}
            select
                category,
                priority,
                keyword,
                concat(' ', keyword, '{{ ending }} ') as form,
                split_part(concat(keyword, '{{ ending }}'), ' ', 1) as first_word
            from category_rules
            where match = 'word' {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    description_words as (
        select distinct
            description, words, {{ split_to_rows("trim(words)", "' '") }} as word
        from worded
    ),

    -- first words are joined first: comparing every description with every keyword
    -- would be slow
    matching_rules as (
        select
            description_words.description,
            keyword_forms.category,
            keyword_forms.keyword,
            keyword_forms.priority
        from description_words
        inner join keyword_forms on description_words.word = keyword_forms.first_word
        where instr(description_words.words, keyword_forms.form) > 0
        union all
        select
            descriptions.description,
            category_rules.category,
            category_rules.keyword,
            category_rules.priority
        from descriptions
        inner join
            category_rules
            on category_rules.match = 'substring'
            and (
                category_rules.keyword is null
                or instr(descriptions.description, category_rules.keyword) > 0
            )
    ),

    -- of several keywords of the first rule, the longest
    ranked_rules as (
        select
            description,
            category,
            keyword,
            priority,
            row_number() over (
                partition by description
                order by
                    priority asc,
                    category asc,
                    length(keyword) desc nulls last,
                    keyword asc nulls last
            ) as rule_rank
        from matching_rules
    ),

    description_categories as (
        select
            descriptions.description,
            coalesce(ranked_rules.category, 'OTHER') as category,
            -- lines are grouped by numbers, which is quicker than by texts
            cast(
                dense_rank() over (
                    order by coalesce(ranked_rules.category, 'OTHER')
                ) as integer
            ) as category_number,
            ranked_rules.keyword,
            ranked_rules.priority
        from descriptions
        left join
            ranked_rules
            on descriptions.description = ranked_rules.description
            and ranked_rules.rule_rank = 1
    )

select *
from description_categories
